{% load snippets %}export ANTHROPIC_BASE_URL={{ setup.root_url|shell }}
export ANTHROPIC_AUTH_TOKEN={% if setup.key %}{{ setup.key|shell }}{% else %}"$PILOTLIGHT_KEY"{% endif %}
export ANTHROPIC_MODEL={{ setup.model|shell }}
export ANTHROPIC_DEFAULT_OPUS_MODEL={{ setup.model|shell }}
export ANTHROPIC_DEFAULT_SONNET_MODEL={{ setup.model|shell }}
export ANTHROPIC_DEFAULT_HAIKU_MODEL={{ setup.model|shell }}
export API_TIMEOUT_MS={{ setup.timeout_ms|shell }}
claude
