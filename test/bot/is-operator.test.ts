import { type Client, Team, TeamMemberMembershipState, TeamMemberRole } from 'discord.js';
import { expect, it } from 'vitest';
import { isOperator } from '../../src/bot/client.ts';

const { Accepted, Invited } = TeamMemberMembershipState;

function clientOwnedBy(owner: unknown): Pick<Client, 'application'> {
  return { application: { fetch: async () => ({ owner }) } } as never;
}

/** A team with an owner `1` whose only other member is `2`. */
function teamWith(role: TeamMemberRole, state: TeamMemberMembershipState) {
  const user = { id: '2', username: 'bo', discriminator: '0', avatar: null, global_name: null };
  const data = {
    id: '9',
    name: 'team',
    icon: null,
    owner_user_id: '1',
    members: [{ team_id: '9', user, role, membership_state: state, permissions: ['*'] }],
  };
  const client = { users: { _add: (added: { id: string }) => added } };
  return Reflect.construct(Team, [client, data]);
}

it.each([
  [TeamMemberRole.Admin, Accepted, true],
  [TeamMemberRole.Developer, Accepted, true],
  [TeamMemberRole.ReadOnly, Accepted, false],
  [TeamMemberRole.Admin, Invited, false],
  [TeamMemberRole.Developer, Invited, false],
] as const)('a team’s member with the role %s and membership %i operates the bot: %s', async (role, state, isOne) => {
  expect(await isOperator(clientOwnedBy(teamWith(role, state)), '2')).toBe(isOne);
});

it('the owner operates the bot, alone or with a team, and nobody else', async () => {
  const team = clientOwnedBy(teamWith(TeamMemberRole.Admin, Accepted));
  expect([await isOperator(team, '1'), await isOperator(team, '3')]).toEqual([true, false]);
  const alone = clientOwnedBy({ id: '1' });
  expect([await isOperator(alone, '1'), await isOperator(alone, '3')]).toEqual([true, false]);
});
