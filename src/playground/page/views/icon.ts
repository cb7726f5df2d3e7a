import { html, type TemplateResult } from 'lit';
import type { BotState, PlaygroundChannel } from '../../protocol.ts';
import type { PageMessages } from '../messages/page-messages.ts';

/** SVG path data on a 24 by 24 grid. */
const paths = {
  hash: 'M9 3 7 21M17 3l-2 18M4 8.5h17M3 15.5h17',
  thread: 'M8 3 7 11M14 3l-.6 5M4 6h14M4 10.500h7M12 12h9v7h-4l-3 3v-3h-2Z',
  forum: 'M4 4h12v9H9l-4 3v-3H4ZM19 9h1v8h-1v3l-4-3h-4',
  archive: 'M4 5h16v4H4ZM6 9v10h12V9M10 13h4',
  at: 'M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0Zm0 0v1.5a2.5 2.5 0 0 0 5 0V12a9 9 0 1 0-4 7.5',
  menu: 'M4 6h16M4 12h16M4 18h16',
  close: 'M6 6l12 12M18 6 6 18',
  more: 'M5 11.5v1M12 11.5v1M19 11.5v1',
  reply: 'M9 7 4 12l5 5M4 12h10a6 6 0 0 1 6 6v1',
  trash: 'M4 7h16M10 4h4M6 7l1 13h10l1-13M10 11v5M14 11v5',
  plus: 'M12 5v14M5 12h14',
  slash: 'M15 5 9 19',
  send: 'M4 12 20 4l-5 16-3.5-6.5Z',
  panel: 'M8 5 3 12l5 7M16 5l5 7-5 7M13.5 4l-3 16',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 21a8 8 0 0 1 16 0M19 8v6M16 11h6',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  eye: 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12Zm10 3a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z',
  picture: 'M4 5h16v14H4ZM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01',
  bolt: 'M13 3 5 13h6l-1 8 8-10h-6Z',
  globe: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18',
  contrast: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-18v18',
  warn: 'M12 4 2.5 20h19ZM12 10v4M12 17h.01',
} as const;

/** A decorative icon, hidden from screen readers: its button needs a label of its own. */
export function icon(name: keyof typeof paths): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${paths[name]}></path></svg>`;
}

/** What stands before a channel's name. */
export function channelIcon({ kind, shape }: PlaygroundChannel): keyof typeof paths {
  if (kind === 'dm') return 'at';
  return shape === 'text' ? 'hash' : shape;
}

/** The bot's state as a coloured dot, labelled for screen readers. */
export function botStateDot(state: BotState, { botStates }: PageMessages): TemplateResult {
  return html`<span class="dot ${state}" role="img" aria-label=${botStates[state]} title=${botStates[state]}></span>`;
}
