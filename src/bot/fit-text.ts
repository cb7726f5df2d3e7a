/** Stands where something was left out. */
const ellipsis = '…';

const fence = '```';

/** Pairs that change how the text between them looks; the longer ones first. */
const markers = ['**', '__', '~~', '||', '*', '_', '`'] as const;

/**
 * What loses its meaning when it is cut: mentions, moments, custom emoji, links, and a backslash with what it escapes.
 * See Discord's "Message Formatting".
 */
const atom =
  /<(?:@[!&]?|#)\d+>|<t:-?\d+(?::[a-zA-Z])?>|<a?:\w+:\d+>|<\/[^:<>\n]+:\d+>|<https?:\/\/[^<>\s]+>|\[[^\]\n]+\]\([^)\n]+\)|https?:\/\/\S+|\\\S/y;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Longer than any sign that people see as one, families of emoji included. */
const longestGrapheme = 64;

/** What is open at a place of a text. */
interface Open {
  inFence: boolean;
  pairs: string[];
}

/**
 * A text of at most `limit` characters, with an ellipsis where more was said. Nothing that Discord would show as one
 * thing is cut in two (mentions, moments, links, emoji), and what was open is closed: code blocks, bold, spoilers.
 * Lengths are UTF-16 units: Discord counts code points, which are never more.
 */
export function fitText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const open: Open = { inFence: false, pairs: [] };
  let fitting = { end: 0, closing: '' };
  for (let end = 0; end < text.length; ) {
    end = nextToken(text, end, open);
    if (end + ellipsis.length > limit) break;
    const closing = closingOf(open);
    if (end + ellipsis.length + closing.length <= limit) fitting = { end, closing };
  }
  return `${text.slice(0, fitting.end).trimEnd()}${ellipsis}${fitting.closing}`;
}

/** The same for what shows no formatting: labels, titles, choices. */
export function fitLabel(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let end = 0;
  for (const { segment } of graphemes.segment(text.slice(0, limit + longestGrapheme))) {
    if (end + segment.length + ellipsis.length > limit) break;
    end += segment.length;
  }
  return `${text.slice(0, end).trimEnd()}${ellipsis}`;
}

/** The end of the token that begins at `start`; what it opens or closes is noted in `open`. */
function nextToken(text: string, start: number, open: Open): number {
  if (text.startsWith(fence, start) && open.pairs.at(-1) !== '`') {
    const end = start + fence.length;
    // A fence that nothing closes is shown as it is.
    if (!open.inFence && !text.includes(fence, end)) return end;
    open.inFence = !open.inFence;
    return end;
  }
  if (!open.inFence) {
    atom.lastIndex = start;
    if (atom.test(text)) return atom.lastIndex;
  }
  const marker = open.inFence ? undefined : markers.find((name) => text.startsWith(name, start));
  if (marker !== undefined && toggle(marker, { text, start, open })) return start + marker.length;
  if (isPlain(text, start) && isPlain(text, start + 1)) return start + 1;
  const [first] = graphemes.segment(text.slice(start, start + longestGrapheme));
  return start + (first?.segment.length ?? 1);
}

/** Whether there is an ASCII character that is one sign by itself beside any other such one, as all but CR LF are. */
function isPlain(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code < 0x80 && code !== 0x0d;
}

/** Whether the marker at `start` opens or closes something. */
function toggle(marker: string, { text, start, open }: { text: string; start: number; open: Open }): boolean {
  const end = start + marker.length;
  if (open.pairs.at(-1) === '`' && marker !== '`') return false;
  // As in snake_case.
  if (marker === '_' && /\w/.test(text[start - 1] ?? '') && /\w/.test(text[end] ?? '')) return false;
  const at = open.pairs.lastIndexOf(marker);
  if (at >= 0) open.pairs.splice(at, 1);
  else if (text.includes(marker, end)) open.pairs.push(marker);
  else return false;
  return true;
}

function closingOf({ inFence, pairs }: Open): string {
  return `${inFence ? `\n${fence}` : ''}${[...pairs].reverse().join('')}`;
}
