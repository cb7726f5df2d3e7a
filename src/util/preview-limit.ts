/** What a preview weighs at most, in bytes. */
export const maxPreviewBytes = 150_000;
