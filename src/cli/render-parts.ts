import type { Config } from '../config/config.ts';
import { listStyles, type Style } from '../inference/pipeline/styles.ts';
import type { Log } from '../util/log.ts';

// What a bot and a worker on another host have in common; nothing of Discord is loaded for it.

/** The styles that can be chosen; the operator is told of files that are none. */
export async function tellStyles(styleDir: string | undefined, log: Log): Promise<Style[]> {
  const { styles, problems } = await listStyles(styleDir);
  for (const { file, reason } of problems) log.warn({ file, reason }, 'a network of STYLE_DIR is no style');
  return styles;
}

/** What render processes are made with. */
export function rendererOptionsOf(config: Config) {
  const { modelDir, loras, execution, ffmpegPath, safety, styleDir } = config;
  const { stallSeconds, checkpointSeconds, previewSeconds } = config;
  const pictures = { from: 'strangers', maxPixels: config.maxPicturePixels } as const;
  return {
    modelDir,
    loras,
    execution,
    ffmpegPath,
    safety,
    styleDir,
    pictures,
    stallSeconds,
    checkpointSeconds,
    previewSeconds,
    idleSeconds: config.modelIdleSeconds,
  };
}
