import { animate } from './animate.ts';
import { cancel } from './cancel.ts';
import type { ButtonAction, Command } from './command.ts';

/** Every slash command. */
export const commands: readonly Command[] = [animate];

/** Every button's action. */
export const buttonActions: readonly ButtonAction[] = [cancel];
