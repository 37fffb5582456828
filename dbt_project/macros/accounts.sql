{#- A company's name in the spelling by which spellings meet: lower case, letters and digits only, without the legal form,
    which is written with full stops too (B.V. is b v by then). -#}
{% macro company_name(expression) -%}
    btrim(regexp_replace(
        btrim(regexp_replace(lower({{ expression }}), '[^[:alnum:]]+', ' ', 'g')),
        '( (ltd|limited|llc|inc|incorporated|corp|corporation|co|company|plc|gmbh|mbh|ag|kg|ug|ohg|sarl|sas|sa|srl|spa|bv|nv|ab|as|oy|aps|pty|b v|n v|a s|s a|s a s|s a r l|s r l|s p a|l l c|p l c))+$', ''
    ))
{%- endmacro %}
