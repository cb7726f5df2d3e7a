import { animate } from './animate.ts';
import { animateAvatar } from './animate-avatar.ts';
import { animateMessage, pickPicture } from './animate-message.ts';
import { anotherSeed } from './another-seed.ts';
import { cancel } from './cancel.ts';
import { clipButtons } from './clip-buttons.ts';
import type { ButtonAction, Command, Handlers, MessageButton } from './command.ts';
import { deleteClip } from './delete-clip.ts';
import { editButton, editForm } from './edit.ts';
import { endPictureButton, endPictureForm } from './end-picture.ts';
import { forgetButtons, kinora } from './kinora.ts';
import { kinoraAdmin } from './kinora-admin.ts';
import { kinoraConfig } from './kinora-config.ts';
import { pickVariation } from './pick-variation.ts';
import { queue, queueButtons, refreshButtons } from './queue.ts';
import { settingsButton, settingsMessage } from './settings.ts';

/** Every slash command. */
const commands: readonly Command[] = [animate, queue, kinora, kinoraConfig, kinoraAdmin];

/** Every button's action. */
const buttonActions: readonly ButtonAction[] = [
  cancel,
  anotherSeed,
  ...clipButtons,
  pickVariation,
  editButton,
  endPictureButton,
  settingsButton,
  deleteClip,
  ...queueButtons,
];

/** Buttons about their own message. */
const messageButtons: readonly MessageButton[] = [...forgetButtons, ...refreshButtons];

/** Everything that people can do with the bot. */
export const handlers: Handlers = {
  commands,
  messageCommands: [animateMessage, settingsMessage],
  userCommands: [animateAvatar],
  buttonActions,
  messageButtons,
  formActions: [editForm, endPictureForm],
  menuActions: [pickPicture],
};
