import type { Job } from '../storage/job.ts';
import type { KnownWorker, WorkerInfo } from './engine/queue-engine.ts';

/** What of a job says whom it can be given to. */
export type StyledJob = Pick<Job, 'form' | 'parent'>;

/** The style that whoever makes a job has to draw; undefined where it takes none. */
export function styleNeeded({ form, parent }: StyledJob): string | undefined {
  // Kept frames are drawn in it already.
  return parent === undefined || parent.use === 'render' ? form?.style : undefined;
}

/** Whether a worker can draw a style; what names none names all. */
export function canDraw({ styles }: Pick<WorkerInfo, 'styles'>, style: string | undefined): boolean {
  return style === undefined || styles === undefined || styles.includes(style);
}

/** Those of some styles that a worker which is there can draw; all of them while nobody is there who renders. */
export function drawnStyles<Style>(
  styles: readonly Style[],
  workers: readonly Pick<KnownWorker, 'lane' | 'styles' | 'unfit'>[],
  idOf: (style: Style) => string,
): Style[] {
  const fit = workers.filter(({ lane, unfit }) => lane === 'render' && unfit === undefined);
  return styles.filter((style) => fit.length === 0 || fit.some((worker) => canDraw(worker, idOf(style))));
}
