import { describe, expect, it } from 'vitest';
import type { InvokeRequest } from '../../src/fake-discord/types.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, failureOf, isClip, setStage, smallPicture } from './stage.ts';

const animate = { command: 'animate', attachments: { image: smallPicture }, options: { seed: 7 } };
const memberRoute = 'GET /guilds/:guild/members/:user' as const;

describe('where ALLOWED_GUILDS names the servers', () => {
  /** A stage whose own server is among the allowed ones, or not. */
  async function setAllowed({ isAllowed }: { isAllowed: boolean }) {
    const renderer = createScriptedRenderer();
    const allowedGuildIds = ['123456789012345678'];
    const stage = await setStage({
      renderer,
      beforeStart: (stand) => void (isAllowed && allowedGuildIds.push(stand.guildId)),
      config: { allowedGuildIds, reactionEmoji: '🎬' },
      discord: { messageContentIntent: true },
    });
    /** Asks, and expects a refusal that nobody else sees. */
    const refused = async (request: InvokeRequest, text: string) => {
      const handle = stage.discord.invoke(request);
      expect((await failureOf(handle)).content).toContain(text);
      expect((await handle.acknowledged).ephemeral).toBe(true);
    };
    return { ...stage, renderer, refused };
  }

  it('a person elsewhere reads alone that the bot does not work there, whatever they ask', async () => {
    const { discord, log, renderer, refused } = await setAllowed({ isAllowed: false });
    await refused(animate, 'does not work on this server');
    await refused({ command: 'queue' }, 'does not work on this server');
    await refused({ ...animate, locale: 'es-ES' }, 'no funciona en este servidor');
    await refused({ ...animate, place: 'user-install' }, 'does not work on this server');
    expect(renderer.renders).toEqual([]);
    expect(discord.messages().filter(({ flags }) => (flags & 64) === 0)).toEqual([]);
    expect(log.events).toContainEqual({
      level: 'warn',
      fields: { guilds: [discord.guildId] },
      message: expect.stringContaining('not served'),
    });
    // Nothing had to be asked of Discord for that.
    expect(discord.calls(memberRoute)).toEqual([]);
  });

  it('a reaction elsewhere posts nothing: its person is told by a direct message', async () => {
    const { discord, renderer } = await setAllowed({ isAllowed: false });
    const { id } = discord.postMessage({ content: 'mine', attachments: [smallPicture] });
    discord.react({ messageId: id, emoji: '🎬' });
    const told = await discord.waitForMessage(({ content }) => content.includes('does not work on this server'));
    expect(told.channel_id).not.toBe(discord.channelId);
    expect(renderer.renders).toEqual([]);
  });

  it('an allowed server is served as ever', async () => {
    const { discord, renderer } = await setAllowed({ isAllowed: true });
    const handle = discord.invoke(animate);
    (await renderer.begun(0)).finish();
    await clipOf(handle);
    expect(discord.calls(memberRoute)).toEqual([]);
  });

  it('in direct messages its members are served and strangers are not, asked of Discord once in ten minutes', async () => {
    const { discord, renderer, refused } = await setAllowed({ isAllowed: true });
    const handle = discord.invoke({ ...animate, place: 'dm' });
    (await renderer.begun(0)).finish();
    await clipOf(handle);
    const asked = discord.calls(memberRoute).length;
    // The server that the bot is not in, then its own.
    expect(asked).toBe(2);
    await discord.invoke({ command: 'queue', place: 'dm' }).waitForMessage(() => true);
    expect(discord.calls(memberRoute)).toHaveLength(asked);
    const stranger = discord.createUser('stranger', { member: false }).id;
    await refused({ ...animate, user: stranger, place: 'dm' }, 'only for members of certain servers');
    await refused({ ...animate, user: stranger, place: 'private-channel' }, 'only for members of certain servers');
  });
});

describe('with USER_INSTALLS=off', () => {
  it('Discord offers the commands in servers and to the bot alone', async () => {
    const renderer = createScriptedRenderer();
    const { discord } = await setStage({ renderer, config: { userInstalls: false } });
    for (const { contexts, integration_types: types } of discord.registeredCommands()) {
      expect(types).toEqual([0]);
      expect(contexts).not.toContain(2);
    }
    expect(() => discord.invoke({ ...animate, place: 'user-install' })).toThrow(/not offered here/);
    expect(() => discord.invoke({ ...animate, place: 'private-channel' })).toThrow(/not offered here/);
    const handle = discord.invoke({ ...animate, place: 'dm' });
    (await renderer.begun(0)).finish();
    await clipOf(handle);
  });

  it('a button that was brought along earlier is refused to whoever presses it, alone', async () => {
    const renderer = createScriptedRenderer();
    const config = { userInstalls: true };
    const { discord, startBot, stopBot } = await setStage({ renderer, config });
    const handle = discord.invoke({ ...animate, place: 'user-install' });
    (await renderer.begun(0)).finish();
    const { id, components } = await clipOf(handle);
    await stopBot();
    config.userInstalls = false;
    await startBot();
    const customId = /"(again:[0-9a-f]{8})"/.exec(JSON.stringify(components))![1]!;
    const pressed = discord.clickButton({ messageId: id, customId });
    expect((await failureOf(pressed)).content).toContain('only works on servers that have added it');
    expect((await pressed.acknowledged).ephemeral).toBe(true);
    expect(discord.messages(handle.channelId).filter(isClip)).toHaveLength(1);
  });
});
