import { type Client, Team, TeamMemberMembershipState, TeamMemberRole } from 'discord.js';

/** Read-only members see the application and may change nothing. */
const operatorRoles: readonly string[] = [TeamMemberRole.Admin, TeamMemberRole.Developer];

/**
 * Whether somebody owns the application, alone or as a member of its team, by Discord's word of this moment. A member
 * has accepted the invitation and is a developer at least.
 */
export async function isOperator(client: Pick<Client, 'application'>, userId: string): Promise<boolean> {
  const application = await client.application?.fetch();
  const owner = application?.owner;
  if (!(owner instanceof Team)) return owner?.id === userId;
  if (owner.ownerId === userId) return true;
  const member = owner.members.get(userId);
  return member?.membershipState === TeamMemberMembershipState.Accepted && operatorRoles.includes(member.role);
}
