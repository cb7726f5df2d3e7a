import { transform } from 'esbuild';
import { expect, it } from 'vitest';
import { bundlePage } from '../../src/playground/bundle-page.ts';

/** Of script and styles together, minified as in an installed Kinora. */
const maxBytes = 230_000;

it('the playground’s page stays light', async () => {
  const page = await bundlePage();
  const sizes = (['js', 'css'] as const).map(async (loader) => {
    const text = Buffer.from(page.get(`/page/main.${loader}`)!.bytes).toString();
    const { code } = await transform(text.replace(/\n\/[/*]# sourceMappingURL=.*/g, ''), { loader, minify: true });
    return Buffer.byteLength(code);
  });
  const [script = 0, styles = 0] = await Promise.all(sizes);
  expect(script + styles, `${script} bytes of script, ${styles} of styles`).toBeLessThan(maxBytes);
});
