/** A piece of a line of Discord's markdown. */
export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'bold' | 'italic' | 'underline' | 'strike' | 'spoiler'; children: Inline[] }
  | { kind: 'user' | 'role' | 'channel'; id: string }
  | { kind: 'slash'; name: string }
  | { kind: 'moment'; unixSeconds: number; style: string }
  | { kind: 'link'; url: string; children: Inline[] };

/** A line, or several that belong together. */
export type Block =
  | { kind: 'line' | 'subtext'; children: Inline[] }
  | { kind: 'heading'; level: 1 | 2 | 3; children: Inline[] }
  | { kind: 'quote' | 'item'; children: Inline[] }
  | { kind: 'code'; text: string };
