import { type Client, Team } from 'discord.js';

/** Whether somebody owns the application, alone or as a member of its team, by Discord's word of this moment. */
export async function isOperator(client: Client, userId: string): Promise<boolean> {
  const application = await client.application?.fetch();
  const owner = application?.owner;
  return owner instanceof Team ? owner.members.has(userId) : owner?.id === userId;
}
