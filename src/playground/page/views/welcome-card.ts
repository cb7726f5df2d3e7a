import { html, nothing, type TemplateResult } from 'lit';
import type { PlaygroundChannel } from '../../protocol.ts';
import { type Page, shownChannel } from '../page.ts';
import { icon } from './icon.ts';
import { avatarOf } from './person.ts';

/** The top of a channel: what the playground is, which model it runs, and buttons that animate a sample picture. */
export function welcomeCard(page: Page): TemplateResult {
  const { session, i18n, commands } = page;
  const channel = shownChannel(page);
  if (channel?.shape === 'thread') return threadHead(channel, page);
  const [first] = session.samples;
  const { name, description } = session.model;
  const isToy = /\btoy\b/i.test(description);
  return html`<section class="welcome" aria-labelledby="welcome-title">
    <img class="welcome-logo" src=${avatarOf(session.bot)} alt="" width="72" height="72" />
    <h2 id="welcome-title">${i18n.welcomeTitle}</h2>
    <p>${i18n.welcomeText}</p>
    ${
      first === undefined
        ? nothing
        : html`<div class="welcome-start">
            <button type="button" class="button primary large" @click=${() => commands.animateSample(first)}>
              ${icon('bolt')} ${i18n.tryIt}
            </button>
            <span class="welcome-or">${i18n.orPick}</span>
            <ul class="sample-row">
              ${session.samples.map(
                (sample) => html`<li>
                  <button
                    type="button"
                    class="sample"
                    aria-label=${i18n.animateSample(sample.name)}
                    title=${`${sample.name} · ${sample.credit}`}
                    @click=${() => commands.animateSample(sample)}
                  >
                    <img src=${sample.url} alt="" loading="lazy" />
                  </button>
                </li>`,
              )}
            </ul>
          </div>`
    }
    <p class="welcome-model">${isToy ? i18n.toyModel(name.replace(/ \(.*\)$/, '')) : html`${i18n.modelLead(name)} ${description}`}</p>
    <p class="welcome-beginning">
      ${
        channel?.kind === 'dm'
          ? i18n.beginningOfDm
          : channel?.kind === 'elsewhere'
            ? i18n.beginningElsewhere
            : i18n.beginning(channel?.name ?? '')
      }
    </p>
  </section>`;
}

/** The top of a thread: its name, and where it belongs. */
function threadHead({ name, parentId }: PlaygroundChannel, { session, i18n }: Page): TemplateResult {
  const parent = session.channels.find(({ id }) => id === parentId);
  const words = parent?.shape === 'forum' ? i18n.postOf : i18n.threadOf;
  return html`<section class="welcome place-head" aria-labelledby="welcome-title">
    <h2 id="welcome-title">${name}</h2>
    <p class="welcome-beginning">${words(parent?.name ?? '')}</p>
  </section>`;
}
