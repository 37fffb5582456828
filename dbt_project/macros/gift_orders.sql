{#-
  Whether an order was bought for somebody else, without keeping who that is: true where the buyer or the shop says so (words: a tag or
  a note; a card, a code or a voucher is no gift), or where both the name and the address of the recipient are not the buyer's; NULL
  where the order names no recipient or no buyer. One different cell is a spelling, a flatmate or a second home.
  words                     expressions of free text
  billing, shipping         (name, address) of the buyer and of the recipient, expressions
-#}
{% macro is_gift_order(words, billing, shipping) -%}
    case
        when concat_ws(' ', {{ words | join(', ') }}) ~* '\mgift(s|ed)?\M(?![ _-]*(card|code|certificate|voucher))' then true
        when {{ letters_of(billing[0]) }} is not null and {{ letters_of(shipping[0]) }} is not null
            then coalesce(
                {{ letters_of(billing[0]) }} <> {{ letters_of(shipping[0]) }} and {{ letters_of(billing[1]) }} <> {{ letters_of(shipping[1]) }},
                false
            )
    end
{%- endmacro %}

{#- Lower-case letters and digits of a text; NULL when there are none. -#}
{% macro letters_of(expression) -%}
    nullif(regexp_replace(lower({{ expression }}), '[^[:alnum:]]+', '', 'g'), '')
{%- endmacro %}
