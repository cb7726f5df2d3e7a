import { html, nothing, type TemplateResult } from 'lit';
import type { Page } from '../page.ts';
import { icon } from './icon.ts';
import { avatarOf } from './person.ts';

/** The beginning of a channel: what this is, which model it has, and a first clip at one press. */
export function welcomeCard(page: Page): TemplateResult {
  const { told, texts, commands, state } = page;
  const channel = told.channels.find(({ id }) => id === state.channelId);
  const [first] = told.samples;
  const { name, description } = told.model;
  const isToy = /\btoy\b/i.test(description);
  return html`<section class="welcome" aria-labelledby="welcome-title">
    <img class="welcome-drum" src=${avatarOf(told.bot)} alt="" width="72" height="72" />
    <h2 id="welcome-title">${texts.welcomeTitle}</h2>
    <p>${texts.welcomeText}</p>
    ${
      first === undefined
        ? nothing
        : html`<div class="welcome-start">
            <button type="button" class="button primary large" @click=${() => commands.animateSample(first)}>
              ${icon('bolt')} ${texts.tryIt}
            </button>
            <span class="welcome-or">${texts.orPick}</span>
            <ul class="sample-row">
              ${told.samples.map(
                (sample) => html`<li>
                  <button
                    type="button"
                    class="sample"
                    aria-label=${texts.animateSample(sample.name)}
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
    <p class="welcome-model">${isToy ? texts.toyModel(name.replace(/ \(.*\)$/, '')) : html`${texts.modelLead(name)} ${description}`}</p>
    <p class="welcome-beginning">
      ${channel?.kind === 'dm' ? texts.beginningOfDm : texts.beginning(channel?.name ?? '')}
    </p>
  </section>`;
}
