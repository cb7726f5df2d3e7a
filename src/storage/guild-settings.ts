import { z } from 'zod';
import { formatNames } from '../settings/clip-form.ts';
import { type Database, repository } from './sqlite.ts';
import { parseStored } from './stored-rows.ts';

const limit = z.number().int().min(0).optional();

/** What of a guild is stored, with what holds where nothing was chosen. */
export const guildSettingsSchema = z.object({
  /** Where clips may be asked for; empty: everywhere. */
  channelIds: z.array(z.string()).default([]),
  /** Who may ask; empty: everybody. */
  roleIds: z.array(z.string()).default([]),
  /** Beside the operator's limits, which hold as well; counted in this guild alone. */
  limits: z
    .object({
      maxWaitingPerUser: limit,
      maxWaitingPerGuild: limit,
      cooldownSeconds: limit,
      dailyQuota: limit,
      maxSteps: limit,
      maxFrames: limit,
    })
    .default({}),
  /** For who names none. */
  preset: z.string().optional(),
  /** For who names none; `auto` depends on the loop. */
  format: z.enum(formatNames).default('auto'),
  /** Clips are hidden behind a spoiler. */
  spoiler: z.boolean().default(false),
  /** What a clip will look like is shown while it is made. */
  previews: z.boolean().default(true),
  /** Whoever waited long is mentioned when the clip is there. */
  ping: z.boolean().default(true),
  /** A Discord locale for everybody here; otherwise each person's own. */
  locale: z.string().optional(),
  /** Clips are not larger. */
  maxUploadBytes: z.number().int().positive().optional(),
  /** Only in channels that Discord shows to adults alone. */
  ageRestrictedOnly: z.boolean().default(false),
});

/** What a guild's managers have chosen. */
export type GuildSettings = z.output<typeof guildSettingsSchema>;

/** Settings per guild, over restarts. */
export interface GuildSettingsStore {
  /** With defaults where nothing was chosen; `null` is a conversation outside of guilds, which has defaults alone. */
  of(guildId: string | null): Promise<GuildSettings>;
  /** `change` says what becomes another; undefined: nothing is stored. Gives back what holds from then on. */
  change(
    guildId: string,
    change: (current: GuildSettings) => Partial<GuildSettings> | undefined,
  ): Promise<GuildSettings>;
  /** Back to the defaults. */
  clear(guildId: string): Promise<void>;
}

/** Guilds' settings in the open database. */
export function createGuildSettings(database: Database): GuildSettingsStore {
  // As bytes: libsql ends the process where text is not valid UTF-8.
  const select = database.prepare('SELECT CAST(settings AS BLOB) AS settings FROM guild_settings WHERE guild_id = ?');
  const upsert = database.prepare('INSERT OR REPLACE INTO guild_settings VALUES (?, ?)');
  const remove = database.prepare('DELETE FROM guild_settings WHERE guild_id = ?');

  function of(guildId: string | null): GuildSettings {
    const row = guildId === null ? undefined : (select.get([guildId]) as { settings: Uint8Array } | undefined);
    if (row === undefined) return guildSettingsSchema.parse({});
    try {
      return guildSettingsSchema.parse(parseStored('settings', row.settings, z.unknown()));
    } catch {
      // Damaged. Clips go on being delivered, but nothing is shown to those whom the guild may have kept it from; its
      // managers see these settings, and replace them.
      return guildSettingsSchema.parse({ spoiler: true, previews: false, ageRestrictedOnly: true });
    }
  }

  return repository<GuildSettingsStore>({
    of,
    change(guildId, change) {
      const current = of(guildId);
      const changes = change(current);
      if (changes === undefined) return current;
      const settings = guildSettingsSchema.parse({ ...current, ...changes });
      upsert.run([guildId, JSON.stringify(settings)]);
      return settings;
    },
    clear: (guildId) => void remove.run([guildId]),
  });
}
