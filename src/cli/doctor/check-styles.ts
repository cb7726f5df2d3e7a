import type { Config } from '../../config/config.ts';
import { openStyle } from '../../inference/pipeline/apply-style.ts';
import { listStyles, type Style } from '../../inference/pipeline/styles.ts';
import type { Size } from '../../util/rgb.ts';
import { describeError } from '../describe-error.ts';
import type { Finding } from './finding.ts';

/** What a style is tried with: SVD's own size. */
const tried: Size = { width: 1024, height: 576 };

/** Loads each style of STYLE_DIR and draws a grey picture with it; nothing where there is no folder. A bot can do without. */
export async function checkStyles(
  { styleDir, execution }: Pick<Config, 'styleDir' | 'execution'>,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (styleDir === undefined) return [];
  try {
    const { styles, problems } = await listStyles(styleDir);
    const findings = problems.map(
      ({ file, reason }): Finding => ({
        check: 'style',
        verdict: 'note',
        text: `${file} is none: ${reason}`,
      }),
    );
    if (styles.length + problems.length === 0) {
      findings.push({ check: 'style', verdict: 'note', text: `${styleDir} has no .onnx file` });
    }
    for (const style of styles) {
      signal.throwIfAborted();
      findings.push(await tryStyle(style, execution.threads));
    }
    return findings;
  } catch (error) {
    signal.throwIfAborted();
    return [{ check: 'style', verdict: 'fails', text: describeError(error, { withCauses: false }) }];
  }
}

async function tryStyle(style: Style, threads: number | undefined): Promise<Finding> {
  const check = `style ${style.name}`;
  try {
    const opened = await openStyle(style, { threads });
    try {
      const grey = new Uint8Array(tried.width * tried.height * 3).fill(128);
      const start = performance.now();
      await opened.apply({ ...tried, data: grey }, tried);
      const seconds = (performance.now() - start) / 1000;
      const { width = 'any', height = 'any' } = opened.fixed;
      const side = (value: number | string) => (value === 'any' ? 'any size' : `${value}`);
      const takes = width === height && width === 'any' ? side(width) : `${side(width)}×${side(height)}`;
      const text = `takes ${takes}, ${seconds.toFixed(1)} s for a picture of ${tried.width}×${tried.height}; ${style.hash}`;
      return { check, verdict: 'ok', text, facts: { seconds, hash: style.hash } };
    } finally {
      await opened.release();
    }
  } catch (error) {
    return { check, verdict: 'note', text: describeError(error, { withCauses: false }) };
  }
}
