import { describe, expect, it } from 'vitest';
import { en } from '../../../src/bot/languages/en.ts';
import { es } from '../../../src/bot/languages/es.ts';
import { pluralFor } from '../../../src/bot/languages/plural.ts';

describe('plurals', () => {
  it('follow the language’s own rules', () => {
    const polish = pluralFor('pl');
    const forms = { one: 'klatka', few: 'klatki', other: 'klatek' };
    expect([1, 2, 5, 22].map((count) => polish(count, forms))).toEqual(['klatka', 'klatki', 'klatek', 'klatki']);
    expect(pluralFor('en')(1, { other: 'frames' })).toBe('frames');
  });

  it('are right for one and for many wherever a text counts', () => {
    const moment = '<t:1:R>';
    expect(en.admin.status({ servers: 1, uptimeMoment: moment })).toBe(`On 1 server, started ${moment}.`);
    expect(es.admin.status({ servers: 1, uptimeMoment: moment })).toContain('En 1 servidor,');
    expect(es.admin.status({ servers: 2, uptimeMoment: moment })).toContain('En 2 servidores,');
    expect(en.kinora.kept(168)).toContain('7 days after');
    expect(es.kinora.kept(168)).toContain('7 días');
    expect(en.kinora.kept(1)).toContain('1 hour after');
    expect(es.kinora.kept(36)).toContain('36 horas');
    expect(en.kinora.forgotten({ deleted: 1, left: 0 })).toContain('Deleted 1 clip,');
    expect(en.errors['limit-waiting-user']({ limit: 1 })).toBe('You can have up to 1 waiting clip at a time.');
    expect(es.errors['limit-steps']({ limit: 1 })).toContain('1 paso.');
  });
});
