/** Frames of one clip, however often it was extended: what a message can carry, and a machine hold. */
const maxFrames = 400;

/**
 * The frames of a clip that goes on: the new ones begin with the picture that was the last one, which is shown once.
 * The oldest give way where there would be too many.
 */
export function joinFrames(before: readonly Uint8Array[], after: readonly Uint8Array[]): Uint8Array[] {
  return [...before, ...after.slice(1)].slice(-maxFrames);
}
