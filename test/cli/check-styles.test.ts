import { expect, it } from 'vitest';
import { checkStyles } from '../../src/cli/doctor/check-styles.ts';
import { readConfig } from '../../src/config/config.ts';
import { styleFolder } from '../support/style-networks.ts';

it('the doctor runs each style, says what it takes and how long it took, and notes those that do not work', async () => {
  const { signal } = new AbortController();
  const folder = styleFolder({
    ink: { network: 'negative' },
    small: { network: 'same', size: { width: 32, height: 24 } },
    bad: { network: 'broken' },
    odd: { network: 'same', json: '{' },
  });
  const findings = await checkStyles(readConfig({ STYLE_DIR: folder, THREADS: '1' }), signal);
  expect(findings.map(({ check, verdict }) => [check, verdict])).toEqual([
    ['style', 'note'],
    ['style bad', 'note'],
    ['style ink', 'ok'],
    ['style small', 'ok'],
  ]);
  const [odd, bad, ink, small] = findings.map(({ text }) => text);
  expect(odd).toContain('odd.onnx is none');
  expect(bad).toContain('not finite');
  expect(ink).toMatch(/^takes any size, \d+\.\d s for a picture of 1024×576; [0-9a-f]{16}$/);
  expect(small).toContain('takes 32×24');
  expect(await checkStyles(readConfig({}), signal)).toEqual([]);
  const nowhere = readConfig({ STYLE_DIR: '/nowhere/at/all' });
  expect(await checkStyles(nowhere, signal)).toMatchObject([{ verdict: 'fails' }]);
});
