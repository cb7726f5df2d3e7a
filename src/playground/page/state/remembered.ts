/** What outlives a reload. Who one is and which language one speaks belong to the window, as do other people's windows. */
export const remembered = {
  userId: entry('kinora-user', sessionStorage),
  language: entry('kinora-language', sessionStorage),
  theme: entry('kinora-theme', localStorage),
} as const;

function entry(key: string, storage: Storage) {
  return {
    get: () => storage.getItem(key),
    set: (value: string) => storage.setItem(key, value),
    clear: () => storage.removeItem(key),
  };
}
