import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { clipVisionConfigSchema } from '../../../src/inference/models/clip-vision-config.ts';
import { parsePythonJson } from '../../../src/inference/models/parse-config.ts';

describe('parsePythonJson', () => {
  it('reads infinities and NaN as Python does, outside of strings alone', () => {
    expect(parsePythonJson('{"a": -Infinity, "b": [Infinity, NaN], "NaN": "Infinity \\" NaN", "c": 1e5}')).toEqual({
      a: Number.NEGATIVE_INFINITY,
      b: [Number.POSITIVE_INFINITY, Number.NaN],
      NaN: 'Infinity " NaN',
      c: 1e5,
    });
  });

  it('reads a text with a byte order mark', () => {
    expect(parsePythonJson('\ufeff{"a": 1}')).toEqual({ a: 1 });
  });

  it.each(['{"a": Infinit}', '{"a": --Infinity}', '{"a": Infinity1}', '{"a": ', '', 'NaNNaN', '{NaN: 1}x'])(
    'refuses what Python refuses: %s',
    (text) => {
      expect(() => parsePythonJson(text)).toThrow(SyntaxError);
    },
  );

  it('lets no infinity pass where a number is needed', () => {
    const schema = z.object({ size: z.number() });
    expect(schema.safeParse(parsePythonJson('{"size": Infinity}')).success).toBe(false);
    expect(schema.safeParse(parsePythonJson('{"size": NaN}')).success).toBe(false);
  });

  it('takes no time over a long text of quotes', () => {
    const text = `"${'\\"'.repeat(100_000)}`;
    const startMs = performance.now();
    expect(() => parsePythonJson(text)).toThrow(SyntaxError);
    expect(performance.now() - startMs).toBeLessThan(1000);
  });
});

describe('the config of an image encoder', () => {
  const own = { hidden_size: 32, num_attention_heads: 2, projection_dim: 24 };

  it('is the picture’s part of a whole CLIP’s', () => {
    const whole = { hidden_size: 512, projection_dim: 77, vision_config: own };
    expect(clipVisionConfigSchema.parse(whole)).toMatchObject(own);
    expect(clipVisionConfigSchema.parse({ projection_dim: 77, vision_config: {} }).projection_dim).toBe(512);
  });

  it('is its own where vision_config is null', () => {
    expect(clipVisionConfigSchema.parse({ ...own, vision_config: null })).toMatchObject(own);
  });
});
