import type { Log } from '../util/log.ts';
import type { Metrics } from '../util/metrics.ts';
import { attemptFields } from './attempts.ts';
import type { JobEnd } from './final-notice.ts';
import type { Job } from './job.ts';
import type { JobStore } from './job-store.ts';
import type { Observers } from './sqlite.ts';

/** Who hears what becomes of jobs. */
export interface JobObservers {
  metrics: Metrics;
  log: Pick<Log, 'info'>;
}

/** Counts what becomes of jobs, and says of their attempts in the log what they took, once it is stored. */
export function observeJobs({ metrics, log }: JobObservers): Observers<JobStore> {
  return {
    add: (job) => metrics.count('kinora_jobs_submitted_total', { mode: modeOf(job) }),
    claim(claimed, _, { nowMs }) {
      if (claimed === undefined) return;
      const { job, attempt } = claimed;
      const waitedMs = nowMs - job.createdAtMs;
      log.info({ ...attemptFields(attempt), ms: waitedMs }, 'rendering begins');
      if (attempt.number === 1) metrics.observe('kinora_job_wait_seconds', waitedMs / 1000, {});
      else metrics.count('kinora_job_redeliveries_total', { reason: job.attempts > 1 ? 'broken' : 'put-back' });
    },
    release(isReleased, attempt, { isCounted }) {
      if (isReleased) log.info({ ...attemptFields(attempt), isCounted }, 'the job waits again');
    },
    keepClip(job, attempt, { secondsPerStage, settings }) {
      if (job === undefined) return;
      for (const [stage, seconds] of Object.entries(secondsPerStage)) {
        metrics.observe('kinora_stage_duration_seconds', seconds, { stage });
      }
      const total = Object.values(secondsPerStage).reduce((sum, seconds) => sum + seconds, 0);
      log.info({ ...attemptFields(attempt), ms: Math.round(total * 1000) }, 'clip rendered');
      metrics.observe('kinora_job_duration_seconds', total, { mode: modeOf(job) });
      // A clip that is encoded anew has no such steps.
      const { denoise = 0 } = secondsPerStage;
      if (denoise > 0) metrics.observe('kinora_denoise_step_seconds', denoise / settings.numInferenceSteps, {});
    },
    finish(job, _, end) {
      if (job === undefined) return;
      metrics.count('kinora_jobs_finished_total', { mode: modeOf(job), outcome: outcomeOf(end) });
      if (end.errorCode?.startsWith('picture-')) {
        metrics.count('kinora_images_rejected_total', { reason: end.errorCode });
      }
      if (end.state === 'done' && job.renderedAtMs !== undefined) {
        metrics.observe('kinora_delivery_duration_seconds', (end.finishedAtMs - job.renderedAtMs) / 1000, {});
      }
    },
  };
}

function modeOf({ parent }: Job): string {
  return parent?.use ?? 'animate';
}

/** What is told in no other words than `broken` is not the person's fault. */
function outcomeOf({ state, errorCode }: JobEnd): string {
  if (state === 'done') return 'delivered';
  if (state === 'cancelled') return 'cancelled';
  if (errorCode === 'clip-expired') return 'expired';
  return errorCode === 'broken' ? 'failed' : 'refused';
}
