import type { ClipMessages } from './clip-messages.ts';
import { decimalFor, pluralFor } from './plural.ts';

const plural = pluralFor('es');
const decimal = decimalFor('es');

/** Spanish, of clips and their buttons. */
export const esClip: ClipMessages = {
  menus: { animate: 'Animar', animateAvatar: 'Animar avatar', settings: 'Ajustes' },
  whichPicture: 'Ese mensaje tiene varias imágenes. ¿Cuál?',
  between: ({ from, to }) => `De la ${from} a la ${to}`,
  betweenCost: 'Tarda el doble y cuenta como dos clips',
  buttons: {
    again: 'Otra vez',
    edit: 'Editar',
    extend: 'Alargar',
    loop: 'Bucle',
    smooth: 'Más fluido',
    larger: 'Más grande',
    end: 'Imagen final',
    settings: 'Ajustes',
    delete: 'Borrar',
  },
  seamlessButton: (duration) =>
    `Bucle perfecto (se genera otra vez, ${duration === undefined ? 'el doble de tiempo' : `unos ${duration}`}; cuenta como 2)`,
  caption: {
    plain: (seconds) => `🎬 Tu clip: ${decimal(seconds)} s`,
    again: (seconds) => `🎲 Otra vez, con otra semilla: ${decimal(seconds)} s`,
    edit: (seconds) => `✏️ Editado: ${decimal(seconds)} s`,
    end: (seconds) => `🖼️ Con imagen final: ${decimal(seconds)} s`,
    extend: (seconds) => `➕ Alargado a ${decimal(seconds)} s`,
    pick: ({ number, seconds }) => `🎬 Variante ${number}: ${decimal(seconds)} s`,
    loop: {
      none: '🔁 Bucle: no',
      'ping-pong': '🔁 Bucle: ida y vuelta',
      crossfade: '🔁 Bucle: fundido, el final se funde con el principio',
      seamless: '🔁 Bucle: perfecto, acaba como empieza',
    },
    smooth: (fps) => `⬆️ Más fluido: ${fps} fps`,
    larger: ({ width, height }) => `🔎 Más grande: ${width}×${height}`,
    notUpscaled: 'demasiado grande para ampliarlo tanto',
    seed: (seed) => `semilla ${seed}`,
    loops: { 'ping-pong': 'bucle de ida y vuelta', crossfade: 'bucle con fundido', seamless: 'bucle perfecto' },
    reduced: 'reducido para que quepa en el límite de subida',
    fallbackFrames: 'fotogramas intermedios con minterpolate, de ffmpeg',
    replaced: (format) => `MP4, porque en ${format} ocupa demasiado`,
    from: (link) => `a partir de ${link}`,
  },
  variations: {
    proposal: ({ count, clips, duration, clipsPerPick, durationOfPick }) =>
      `${count} vistas: tiempo de ${decimal(clips)} clips${about(duration)}; luego, ${decimal(clipsPerPick)} por elección${about(durationOfPick)}`,
    cost: ({ count, clips, duration, clipsPerPick, durationOfPick, counted }) =>
      `🎲 ${count} variantes para elegir tardan lo que ${decimal(clips)} clips${about(duration)}, ` +
      `y cada una que elijas, ${decimal(clipsPerPick)} más${about(durationOfPick)}. ` +
      `Cuentan como ${plural(counted, { one: '1 clip', other: `${counted} clips` })}, con la primera elección incluida.`,
    caption: ({ seeds, until, clipsPerPick, durationOfPick }) =>
      `🎲 Elige una o varias: cada una tarda ${decimal(clipsPerPick)} de lo que un clip${about(durationOfPick)}. ` +
      `Las vistas previas caducan ${until}. Semillas: ${seeds}`,
    refused: 'El control de contenido no permite las que están en gris.',
    altText: ({ count, seconds }) =>
      `${count} vistas previas borrosas de ${decimal(seconds)} s, una al lado de otra y numeradas; en cada una la misma imagen se mueve de otra manera.`,
  },
  altText: ({ frames, seconds, motion, loop }) =>
    `Una imagen fija que cobra vida: ${plural(frames, { one: '1 fotograma', other: `${frames} fotogramas` })} en ${decimal(seconds)} s, ` +
    `movimiento ${motion} de 255${{ none: '', 'ping-pong': '; se reproduce de ida y vuelta', crossfade: '; el final se funde con el principio', seamless: '; acaba como empieza' }[loop]}.`,
  edit: {
    title: 'Editar los ajustes',
    motion: 'Movimiento, de 1 a 255',
    seed: 'Semilla (vacía: aleatoria)',
    steps: 'Pasos',
    fps: 'Fotogramas por segundo',
    loop: 'Bucle',
  },
  endPicture: { title: 'Acabar con otra imagen', picture: 'La imagen con la que acaba el clip' },
  settings: {
    facts: ({ frames, fps, width, height, seconds }) =>
      `${plural(frames, { one: '1 fotograma', other: `${frames} fotogramas` })} a ${fps} fps, ${width}×${height}, hecho en ${decimal(seconds)} s.`,
    made: ({ model, provider }) => `Hecho con ${model} en ${provider}.`,
    inBetween: (interpolator) => `Fotogramas intermedios hechos con ${interpolator}.`,
    command: 'Para hacer exactamente este clip otra vez, usa la misma imagen con:',
    commandOfTwo:
      'Para hacer exactamente este clip otra vez, usa las mismas dos imágenes, la segunda como `final`, con:',
    commandLine: 'O en la línea de comandos:',
    without: {
      extended:
        'Ningún comando hace este clip: se alargó. Cada vez continúa solo desde el último fotograma, así que la ' +
        'imagen empeora cuanto más largo es.',
      'other-model': 'Aquí ningún comando `/animate` hace exactamente este clip: se hizo con otro modelo.',
      'no-option': 'Ningún comando `/animate` hace exactamente este clip: tiene ajustes que `/animate` no ofrece.',
    },
    incomplete: 'El archivo no dice todo lo que decide un clip, así que ningún comando hace exactamente este. Dice:',
    lastPart: 'Su última parte se hizo con:',
  },
  reactionNeedsIntent: (menu) =>
    `Vi la reacción, pero no puedo ver la imagen: quien administra el bot no ha activado el Message Content Intent. Usa **Aplicaciones → ${menu}** en el menú del mensaje; eso funciona siempre.`,
};

function about(duration: string | undefined): string {
  return duration === undefined ? '' : ` (unos ${duration})`;
}
