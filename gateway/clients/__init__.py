"""How a client is configured: facts, templates in `templates/gateway/clients/`, and what each client is.

Formats as their makers publish them (versions looked at): OpenCode `ProviderConfig` of @opencode-ai/sdk 1.19,
Claude Code's page of environment variables (2.1), Cline's form "OpenAI Compatible", Continue's schema
@continuedev/config-yaml 1.42 (time-outs in seconds: @continuedev/fetch), aider 0.86 `--help`, openai 3.54 and
anthropic 2.14 for Python, openai 6.49 for JavaScript (time-outs in milliseconds).
"""
