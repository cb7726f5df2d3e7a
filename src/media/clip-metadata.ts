/** Settings as they stand in a clip's file: flat, so that they stay readable for other programs. */
export type ClipSettings = Readonly<Record<string, string | number | boolean>>;

/** What a clip's file says of itself. */
export interface ClipMetadata {
  /** For people; players show it. GIF has no place for it. */
  title: string;
  /** Seed and settings; `readVideoSettings` reads them back. */
  settings: ClipSettings;
}

/** Version of the comment's format, and the mark that tells Kinora's comments from others'. */
const commentVersion = 1;

/** Comments beyond these are not Kinora's. */
const commentLimits = { characters: 16_384, settings: 100 } as const;

/** The text that carries settings in a file's comment: one line of JSON. */
export function writeComment(settings: ClipSettings): string {
  return JSON.stringify({ kinora: commentVersion, ...settings });
}

/** Settings from a file's comment; undefined if the comment is not one of {@link writeComment}. */
export function readComment(comment: string): ClipSettings | undefined {
  if (comment.length > commentLimits.characters || !comment.startsWith('{"kinora":')) {
    return undefined;
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(comment);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) {
    return undefined;
  }
  const entries = Object.entries(parsed).filter(
    (entry): entry is [string, string | number | boolean] =>
      entry[0] !== 'kinora' && ['string', 'number', 'boolean'].includes(typeof entry[1]),
  );
  return entries.length <= commentLimits.settings ? Object.fromEntries(entries) : undefined;
}
