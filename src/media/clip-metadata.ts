/** Settings as they stand in a clip's file: flat, so that they stay readable for other programs. */
export type ClipSettings = Readonly<Record<string, string | number | boolean>>;

/** What a clip's file says of itself. */
export interface ClipMetadata {
  /** For people; players show it. */
  title: string;
  /** Seed and settings; `readVideoSettings` reads them back. */
  settings: ClipSettings;
}

/** Version of the comment's format, and the mark that tells Kinora's comments from others'. */
const commentVersion = 1;

/** The text that carries settings in a file's comment: one line of JSON. */
export function writeComment(settings: ClipSettings): string {
  return JSON.stringify({ kinora: commentVersion, ...settings });
}
