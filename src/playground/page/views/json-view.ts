import { html, type TemplateResult } from 'lit';
import type { Json } from '../../../fake-discord/payloads.ts';

/** Longer than anyone reads. */
const maxCharacters = 40_000;

const token = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** JSON with indents and colours. */
export function jsonView(value: Json): TemplateResult {
  const text = JSON.stringify(value, null, 2).slice(0, maxCharacters);
  const parts: (string | TemplateResult)[] = [];
  let at = 0;
  for (const match of text.matchAll(token)) {
    parts.push(text.slice(at, match.index));
    const [all, quoted, colon] = match;
    const kind = quoted === undefined ? 'json-value' : colon === undefined ? 'json-string' : 'json-key';
    parts.push(html`<span class=${kind}>${all}</span>`);
    at = match.index + all.length;
  }
  parts.push(text.slice(at));
  return html`<pre class="json" tabindex="0">${parts}</pre>`;
}
