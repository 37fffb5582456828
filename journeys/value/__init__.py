"""What a customer is worth and will do next: pure functions on arrays, no database. See README.md beside this file."""
