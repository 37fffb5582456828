"""The numbered questions of the business: which mart answers each, the SQL to ask it, and the page that lists them."""

from journeys.questions.asking import Answer, ask, ask_all
from journeys.questions.catalogue import NUMBERS, Question, load_questions
from journeys.questions.page import render_page

__all__ = ["NUMBERS", "Answer", "Question", "ask", "ask_all", "load_questions", "render_page"]
