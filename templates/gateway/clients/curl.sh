{% load snippets %}curl -N --max-time {{ setup.timeout_s|shell }} {{ setup.base_url|add:"/chat/completions"|shell }} \
  -H {% if setup.key %}{{ "Authorization: Bearer "|add:setup.key|shell }}{% else %}"Authorization: Bearer $PILOTLIGHT_KEY"{% endif %} \
  -H 'Content-Type: application/json' \
  -d {{ setup.question|shell }}
