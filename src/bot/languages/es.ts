import type { Texts } from './texts.ts';

/** Spanish, for Spain and Latin America alike. */
export const es: Texts = {
  animate: {
    description: 'Convierte una imagen fija en un vídeo corto',
    image: 'La imagen: JPEG, PNG, WebP o GIF, hasta 10 MB',
    motion: 'Cuánto se mueve: 127 es normal, menos es más tranquilo, más es más agitado',
    seed: 'La misma semilla con los mismos ajustes da el mismo clip; si falta, se sortea',
    steps: 'Más pasos: más fino y más lento',
    fps: 'Fotogramas por segundo',
  },
  cancelButton: 'Cancelar',
  queued: ({ position, waiting }) => `⏳ En la cola: puesto ${position} de ${waiting}.`,
  startsAt: (moment) => `Empieza ${moment}.`,
  readyAt: (moment) => `Listo ${moment}.`,
  stages: {
    prepare: 'Preparando',
    'encode-image': 'Mirando la imagen',
    denoise: 'Imaginando el movimiento',
    decode: 'Pintando los fotogramas',
    'encode-video': 'Haciendo el archivo de vídeo',
  },
  step: ({ step, steps }) => `paso ${step} de ${steps}`,
  delivered: (clip) =>
    `🎬 movimiento ${clip.motion} · semilla ${clip.seed} · ${clip.steps} pasos · ${clip.fps} fps · ` +
    `${clip.frames} fotogramas · ${clip.width}×${clip.height} · hecho en ${clip.seconds} s`,
  reduced: 'El clip se hizo más pequeño para que quepa en el límite de subida de aquí.',
  sentHere: (place) => `El bot ya no puede publicar en ${place}, así que esto te llega directamente.`,
  cancelled: '🚫 Cancelado.',
  postponed: '💤 El bot se está reiniciando. Tu clip conserva su puesto y sigue solo.',
  broke: (id) => `⚠️ Algo se rompió, id ${id}. Quienes llevan este bot encuentran la causa en su registro.`,
  permissions: {
    ViewChannel: 'Ver canal',
    SendMessages: 'Enviar mensajes',
    SendMessagesInThreads: 'Enviar mensajes en hilos',
    AttachFiles: 'Adjuntar archivos',
    ReadMessageHistory: 'Leer el historial de mensajes',
  },
  errors: {
    'picture-empty': () => 'El archivo está vacío. Adjunta una imagen JPEG, PNG, WebP o GIF.',
    'picture-too-many-bytes': ({ limitMb }) =>
      `El archivo es demasiado grande: las imágenes pueden tener hasta ${limitMb} MB.`,
    'picture-not-a-picture': ({ found }) =>
      `Ese archivo no es una imagen${found === 'unknown' ? '' : ` (parece: ${found})`}. Adjunta un JPEG, PNG, WebP o GIF.`,
    'picture-unsupported': ({ found }) => `Aquí no se pueden leer imágenes ${found}. Adjunta un JPEG, PNG, WebP o GIF.`,
    'picture-too-many-pixels': ({ limitMegapixels }) =>
      `La imagen tiene demasiados píxeles: se leen hasta ${limitMegapixels} megapíxeles.`,
    'picture-too-large-interlaced': ({ limitMegapixels }) =>
      `Las imágenes progresivas o entrelazadas se leen hasta ${limitMegapixels} megapíxeles. Guárdala sin eso o más pequeña.`,
    'picture-broken': () => 'La imagen está dañada y no se puede leer. Guárdala de nuevo y adjunta el archivo nuevo.',
    'picture-timeout': ({ limitSeconds }) =>
      `Leer la imagen tardó más de ${limitSeconds} s. Prueba con una más sencilla.`,
    'picture-host': () => 'Las imágenes solo se descargan de Discord. Adjunta el archivo en vez de un enlace.',
    'picture-unreachable': () => 'Discord no entregó la imagen. Adjúntala otra vez.',
    'picture-slow': ({ limitSeconds }) => `Descargar la imagen tardó más de ${limitSeconds} s. Inténtalo de nuevo.`,
    'option-range': ({ option, min, max }) => `\`${option}\` debe ser un número entero de ${min} a ${max}.`,
    'setting-out-of-range': ({ setting, min, max }) =>
      `\`${setting}\` debe estar entre ${min} y ${max} en este modelo.`,
    'setting-size-step': ({ setting, step }) => `\`${setting}\` debe ser un múltiplo de ${step} en este modelo.`,
    'permissions-missing': ({ permissions }) =>
      `El bot no puede publicar clips aquí. Necesita: ${permissions}. Pídeselo a quien administra este servidor.`,
    'clip-too-large': () =>
      'El clip es más grande de lo que Discord acepta aquí. Prueba con menos movimiento o una imagen más tranquila.',
    'clip-undeliverable': () =>
      'El clip está listo, pero el bot no puede publicarlo aquí, y tus mensajes directos están cerrados para él.',
    'going-down': () => 'El bot se está reiniciando. Inténtalo de nuevo en un minuto.',
    'not-yours': () => 'Solo quien pidió este clip puede cancelarlo.',
    'job-unknown': () => 'Ese clip ya no se conoce.',
    'action-unknown': () => 'Ese comando o botón es de una versión anterior del bot. Usa `/animate`.',
    'too-late': () => 'Demasiado tarde: el clip ya está terminado.',
  },
};
