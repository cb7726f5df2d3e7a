/** A file that the browser gets. */
export interface PageFile {
  contentType: string;
  bytes: Uint8Array;
}

/** The page and what belongs to it, by path: `/`, `/page/main.js` … */
export type PageFiles = ReadonlyMap<string, PageFile>;
