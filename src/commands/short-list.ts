/** Entries of a list that are shown at most: as mentions they take up to 500 characters of a message's 2,000. */
const shownEntries = 20;

/** The first entries of a list as Discord shows them (`<#` for channels, `<@&` for roles), and how many more there are. */
export function shortList(ids: readonly string[], prefix: '<#' | '<@&'): { mentions: string[]; more: number } {
  const mentions = ids.slice(0, shownEntries).map((id) => `${prefix}${id}>`);
  return { mentions, more: ids.length - mentions.length };
}
