{% load snippets %}import OpenAI from "openai";

const client = new OpenAI({
  baseURL: {{ setup.base_url|json }},
  apiKey: {% if setup.key %}{{ setup.key|json }}{% else %}process.env.PILOTLIGHT_KEY{% endif %},
  timeout: {{ setup.timeout_ms|json }}, // milliseconds: covers a cold start
});
const stream = await client.chat.completions.create({
  model: {{ setup.model|json }},
  messages: [{ role: "user", content: "Say hello." }],
  stream: true,
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}
