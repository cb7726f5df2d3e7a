import type { FoundPicture } from '../bot/find-pictures.ts';
import type { CommandContext } from './command.ts';
import type { PictureForJob } from './enqueue-from-interaction.ts';

/**
 * Fetches a picture's file, and looks at it before it waits.
 *
 * @throws UserError what `Download` and `checkPicture` throw
 */
export async function fetchPicture(
  { url, size, isSpoiler }: Omit<FoundPicture, 'name'>,
  { download, checkPicture }: Pick<CommandContext, 'download' | 'checkPicture'>,
): Promise<PictureForJob & { picture: Uint8Array }> {
  const picture = await download(url, { sizeBytes: size });
  await checkPicture(picture);
  return { picture, isSpoiler };
}
