import { type BaseInteraction, PermissionFlagsBits } from 'discord.js';
import type { Job } from '../storage/job.ts';

/** Whether somebody may end a job: its requester, and in its guild whoever may delete messages there. */
export function mayCancel(
  interaction: Pick<BaseInteraction, 'user' | 'guildId' | 'memberPermissions'>,
  job: Job,
): boolean {
  if (job.userId === interaction.user.id) return true;
  const isHere = job.guildId !== null && job.guildId === interaction.guildId;
  return isHere && interaction.memberPermissions?.has(PermissionFlagsBits.ManageMessages) === true;
}
