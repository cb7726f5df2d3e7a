/** Saves the checkpoints of one render, one at a time. */
export interface CheckpointSaver {
  /** Saves it as soon as the one before is saved; of those that come meanwhile, the latest. */
  save(bytes: Uint8Array): void;
  /** Resolves when nothing is being saved. */
  onIdle(): Promise<void>;
}

/** `write` stores one checkpoint; where it rejects, `onError` is told, and the next one is another chance. */
export function createCheckpointSaver(
  write: (bytes: Uint8Array) => Promise<unknown>,
  onError: (error: unknown) => void,
): CheckpointSaver {
  let latest: Uint8Array | undefined;
  let saving: Promise<void> | undefined;

  async function saveAll(): Promise<void> {
    for (let bytes = latest; bytes !== undefined; bytes = latest) {
      latest = undefined;
      try {
        await write(bytes);
      } catch (error) {
        onError(error);
      }
    }
    saving = undefined;
  }

  return {
    save(bytes) {
      latest = bytes;
      saving ??= saveAll();
    },
    onIdle: async () => saving,
  };
}
