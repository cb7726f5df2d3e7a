import { esAnimate } from './es-animate.ts';
import type { Messages } from './messages.ts';

/** Spanish, for Spain and Latin America alike. */
export const es: Messages = {
  animate: esAnimate,
  clip: {
    menus: { animate: 'Animar', settings: 'Ajustes' },
    whichPicture: 'Ese mensaje tiene varias imágenes. ¿Cuál?',
    buttons: {
      again: 'Otra vez',
      edit: 'Cambiar',
      extend: 'Alargar',
      loop: 'Bucle',
      smooth: 'Más fluido',
      settings: 'Ajustes',
      delete: 'Borrar',
    },
    madeFrom: (link) => `↩️ hecho a partir de ${link}`,
    drift: 'Cada alargamiento solo conoce el último fotograma: formas y colores se desvían cuanto más largo es.',
    edit: {
      title: 'Hazlo de otra manera',
      motion: 'Movimiento, de 1 a 255',
      seed: 'Semilla; vacío: sortear una',
      steps: 'Pasos',
      fps: 'Fotogramas por segundo',
      loop: 'Bucle',
    },
    settings: 'El mismo clip otra vez, como comando aquí y en la línea de órdenes:',
    made: ({ model, provider }) => `Hecho con ${model} en ${provider}.`,
    reactionNeedsIntent: (menu) =>
      `Vi la reacción, pero no puedo ver la imagen: quien lleva el bot no ha activado el Message Content Intent. Usa **Aplicaciones → ${menu}** en el menú del mensaje; eso funciona siempre.`,
  },
  cancelButton: 'Cancelar',
  queued: ({ position, waiting }) => `⏳ En la cola: puesto ${position} de ${waiting}.`,
  startsAt: (moment) => `Empieza ${moment}.`,
  readyAt: (moment) => `Listo ${moment}.`,
  paused:
    '⏸️ En pausa: esta máquina no puede hacer clips en este momento. Quienes llevan el bot ya están avisados. ' +
    'Tu clip conserva su puesto.',
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
  sentLate: 'Allí solo podía responderte durante 15 minutos y esto tardó más, así que te llega directamente.',
  cancelled: '🚫 Cancelado.',
  postponed: '💤 El bot se está reiniciando. Tu clip conserva su puesto y sigue solo.',
  readyPing: (person) => `${person}, tu clip está listo.`,
  queue: {
    description: 'Qué se está haciendo y qué espera, y cómo cancelar lo tuyo',
    scope: 'De quién son los clips; los tuyos si falta',
    scopes: { mine: 'Mis clips', all: 'Todos los clips' },
    summary: ({ running, waiting }) => `🎞️ ${running} en marcha, ${waiting} en espera.`,
    modes: {
      paused: '⏸️ La cola está en pausa: por ahora no empieza nada.',
      draining: '🚰 La cola se está vaciando: por ahora no entra nada nuevo.',
    },
    somebody: 'alguien en otro lugar',
    none: 'Ningún clip tuyo está en marcha ni en espera.',
    more: (count) => `… y ${count} más.`,
    cancel: (id) => `Cancelar ${id}`,
    hostPaused:
      '⏸️ En pausa: esta máquina no puede hacer clips en este momento. Quienes llevan el bot ya están avisados. ' +
      'Todos los clips conservan su puesto.',
    undelivered: (count) =>
      count === 1
        ? '📦 Uno de tus clips está listo, pero no se pudo publicar. Recógelo con el botón de abajo.'
        : `📦 ${count} de tus clips están listos, pero no se pudieron publicar. Recógelos con los botones de abajo.`,
    fetch: (id) => `Recoger ${id}`,
    fetched: '📦 Aquí tienes tu clip.',
    expired: 'Ese clip no se pudo publicar a tiempo y ya no se guarda. Usa `/animate` con la imagen otra vez.',
  },
  kinora: {
    description: 'Sobre este bot, tus datos y tus menciones',
    about: 'Con qué se hacen los clips, qué se guarda y cuánto tiempo',
    forget: 'Cancela tus clips y borra todo lo que se guarda sobre ti',
    ping: 'Si se te menciona cuando un clip tardó mucho',
    wanted: 'Mencionarme cuando esté listo un clip que tardó mucho',
    versions: ({ kinora, node, model, provider }) =>
      `Kinora ${kinora} con Node ${node}. Modelo: **${model}**, ejecutado en ${provider}.`,
    licence:
      'Kinora es software libre con licencia MIT. Los pesos del modelo tienen su propia licencia: la de Stable Video ' +
      'Diffusion está en <https://stability.ai/license>. Los clips los hace una máquina y no muestran nada que ocurriera.',
    kept: (hours) =>
      `Aquí se guarda: quién pidió qué y cuándo, y los ajustes. Las imágenes y los clips se borran ${hours} horas ` +
      'después de la entrega; los de clips cancelados o fallidos, enseguida. `/kinora forget` borra todo lo tuyo. Lo ' +
      'publicado en Discord lo puedes borrar allí.',
    pings: {
      on: '🔔 Se te menciona una vez cuando está listo un clip que tardó mucho. `/kinora ping` lo cambia.',
      off: '🔕 No se te menciona cuando un clip está listo. `/kinora ping` lo cambia.',
    },
    forgotten: ({ deleted, left }) =>
      `🗑️ Clips borrados: ${deleted}, con sus imágenes y ajustes, y tus preferencias.` +
      (left > 0 ? ` Entregándose ahora mismo: ${left}. Repítelo en un minuto.` : '') +
      ' Para el límite diario, las horas de tus últimas 24 horas se guardan hasta que pasen.',
  },
  config: {
    description: 'Cómo se comporta Kinora en este servidor',
    subcommands: {
      show: 'Mostrar los ajustes',
      set: 'Cambiar ajustes; lo que falta queda igual',
      limits: 'Cambiar límites de este servidor; 0 lo deja a quien lleva el bot',
      allow: 'Permitir un canal o un rol; el primero excluye a los demás',
      disallow: 'Quitar un canal o un rol de la lista; vacía permite todo',
      reset: 'Volver a los valores iniciales',
    },
    options: {
      preset: 'Receta para los clips que no nombran ninguna',
      spoiler: 'Ocultar los clips como spoiler',
      ping: 'Mencionar a quienes esperaron mucho',
      language: 'Idioma para todos aquí',
      maxUpload: 'Clip más grande en MiB; 0: lo que Discord permita',
      ageRestrictedOnly: 'Solo en canales con restricción de edad',
      channel: 'Un canal',
      role: 'Un rol',
    },
    limits: {
      maxWaitingPerUser: 'Clips en espera por persona',
      maxWaitingPerGuild: 'Clips en espera en total',
      cooldownSeconds: 'Segundos entre dos clips de una persona',
      dailyQuota: 'Clips por persona en 24 horas',
      maxSteps: 'Máximo de pasos',
      maxFrames: 'Máximo de fotogramas',
    },
    shown: {
      title: '⚙️ Kinora en este servidor:',
      channels: 'Canales',
      roles: 'Quiénes',
      everywhere: 'en todas partes',
      everybody: 'todos',
      ownLanguage: 'el de cada persona',
      ownPreset: 'los ajustes del modelo',
      asDiscord: 'lo que Discord permita',
      unset: 'sin límite',
      more: (count) => `y ${count} más`,
      yes: 'sí',
      no: 'nunca',
    },
  },
  admin: {
    description: 'Para quien posee este bot',
    subcommands: {
      status: 'Qué hace el bot',
      pause: 'No empezar más clips; seguir admitiéndolos',
      resume: 'Volver a admitir y empezar clips',
      drain: 'No admitir más clips; hacer los que esperan',
      cancel: 'Cancelar el clip de cualquiera',
      block: 'No dejar que una persona o un servidor pida nada',
      unblock: 'Dejar que vuelvan a pedir',
      'reset-quota': 'Devolver a una persona toda su cuota diaria',
    },
    options: { job: 'Id del clip, como lo muestra /queue', user: 'La persona', guild: 'Id del servidor' },
    modes: {
      open: '🟢 La cola está abierta.',
      paused: '⏸️ La cola está en pausa.',
      draining: '🚰 La cola se está vaciando.',
    },
    status: ({ servers, uptimeMoment }) => `En ${servers} servidores, en marcha desde ${uptimeMoment}.`,
    hostFault: ({ reason, since, retry }) =>
      `🔴 Esta máquina no hace clips desde ${since}: ${reason}${/[.!?]$/.test(reason) ? '' : '.'}` +
      (retry === undefined ? '' : ` Lo intenta de nuevo ${retry}.`),
    cancelled: (id) => `🚫 \`${id}\` está cancelado.`,
    blocked: (who) => `⛔ ${who} ya no puede pedir nada.`,
    unblocked: (who) => `✅ ${who} puede pedir clips otra vez.`,
    quotaReset: (who) => `✅ ${who} tiene otra vez toda su cuota diaria.`,
  },
  presence: {
    idle: 'Esperando una imagen',
    paused: 'En pausa',
    hostPaused: 'En pausa: ahora no puede hacer clips',
    busy: ({ running, waiting }) => `${running} en marcha, ${waiting} en espera`,
  },
  broke: (id) => `⚠️ Algo se rompió, id ${id}. Quienes llevan este bot encuentran la causa en su registro.`,
  permissions: {
    ViewChannel: 'Ver canal',
    SendMessages: 'Enviar mensajes',
    SendMessagesInThreads: 'Enviar mensajes en hilos',
    AttachFiles: 'Adjuntar archivos',
    ReadMessageHistory: 'Leer el historial de mensajes',
  },
  errors: {
    'picture-empty': () => 'El archivo está vacío. Adjunta una imagen JPEG, PNG, WebP, GIF o AVIF.',
    'picture-too-many-bytes': ({ limitMb }) =>
      `El archivo es demasiado grande: las imágenes pueden tener hasta ${limitMb} MB.`,
    'picture-not-a-picture': ({ found }) =>
      `Ese archivo no es una imagen${found === 'unknown' ? '' : ` (parece: ${found})`}. Adjunta un JPEG, PNG, WebP, GIF o AVIF.`,
    'picture-unsupported': ({ found }) =>
      `Aquí no se pueden leer imágenes ${found}. Adjunta un JPEG, PNG, WebP, GIF o AVIF.`,
    'picture-heic': () =>
      'Aquí no se pueden leer imágenes HEIC. Guárdala como JPEG y adjúntala así; en un iPhone: Ajustes, Cámara, Formatos, «Más compatible».',
    'picture-blank': () => 'No hay nada que ver en esa imagen: está toda en blanco o vacía. Adjunta otra.',
    'picture-too-many-pixels': ({ limitMegapixels }) =>
      `La imagen tiene demasiados píxeles: se leen hasta ${limitMegapixels} megapíxeles.`,
    'picture-too-large-interlaced': ({ limitMegapixels }) =>
      `Las imágenes progresivas o entrelazadas se leen hasta ${limitMegapixels} megapíxeles. Guárdala sin eso o más pequeña.`,
    'picture-broken': () =>
      'La imagen está dañada o cortada y no se puede leer. Guárdala de nuevo y adjunta el archivo nuevo.',
    'picture-timeout': ({ limitSeconds }) =>
      `Leer la imagen tardó más de ${limitSeconds} s. Prueba con una más sencilla.`,
    'picture-host': () => 'Las imágenes solo se descargan de Discord. Adjunta el archivo en vez de un enlace.',
    'picture-unreachable': () => 'Discord no entregó la imagen. Adjúntala otra vez.',
    'picture-slow': ({ limitSeconds }) => `Descargar la imagen tardó más de ${limitSeconds} s. Inténtalo de nuevo.`,
    'option-range': ({ option, min, max }) => `\`${option}\` debe ser un número entero de ${min} a ${max}.`,
    'settings-invalid': ({ setting, value, from, to, multipleOf }) => {
      const kind =
        multipleOf === 0 ? 'un número' : multipleOf === 1 ? 'un número entero' : `un múltiplo de ${multipleOf}`;
      return `Con este modelo, \`${setting}\` debe ser ${kind} de ${from} a ${to}, no ${value}.`;
    },
    'settings-invalid-name': ({ setting, value, names }) =>
      `\`${setting}\` debe ser uno de estos: ${names}; no \`${value}\`.`,
    'bad-steps': ({ sampler, steps, from, to }) =>
      `Con el muestreador \`${sampler}\` un clip lleva de ${from} a ${to} pasos, no ${steps}. Pide menos.`,
    'schedule-not-for-sampler': ({ sampler, schedule }) =>
      `El calendario \`${schedule}\` no sirve con el muestreador \`${sampler}\`. Elige otra receta.`,
    'permissions-missing': ({ permissions }) =>
      `El bot no puede publicar clips aquí. Necesita: ${permissions}. Pídeselo a quien administra este servidor.`,
    'clip-too-large': () =>
      'El clip es más grande de lo que Discord acepta aquí. Prueba con menos movimiento o una imagen más tranquila.',
    'clip-undeliverable': () =>
      'El clip está listo, pero no puedo publicarlo aquí y tus mensajes directos están cerrados para mí. Con `/queue` puedes recogerlo mientras se conserve.',
    'going-down': () => 'El bot se está reiniciando. Inténtalo de nuevo en un minuto.',
    'storage-failed': () =>
      'El bot no puede guardar nada en este momento, así que tu petición no se aceptó. Quienes lo administran ya lo saben. Inténtalo más tarde.',
    'not-yours': () => 'Solo quien pidió este clip, y la moderación, puede hacer eso.',
    'job-unknown': () => 'Ese clip ya no se conoce.',
    'action-unknown': () => 'Ese comando o botón es de una versión anterior del bot. Usa `/animate`.',
    'too-late': () => 'Demasiado tarde: el clip ya está terminado.',
    draining: () => 'El bot no admite nada nuevo por ahora. Inténtalo más tarde.',
    'limit-waiting-user': ({ limit, moment }) =>
      `Como máximo pueden esperar ${limit} de tus clips a la vez.${moment ? ` El siguiente empieza ${moment}.` : ''}`,
    'limit-waiting-guild': ({ limit, moment }) =>
      `La cola de este servidor está llena (máximo ${limit}).${moment ? ` El siguiente clip empieza ${moment}.` : ''}`,
    'limit-cooldown': ({ limit, moment }) => `Un clip cada ${limit} segundos: puedes volver a pedir ${moment}.`,
    'limit-quota': ({ limit, moment }) =>
      `Tu límite diario (${limit} en 24 horas) está agotado: puedes volver a pedir ${moment}.`,
    'limit-steps': ({ limit }) => `Aquí se permiten hasta ${limit} pasos. Pide menos.`,
    'limit-frames': ({ limit }) => `Aquí se permiten hasta ${limit} fotogramas. Pide un clip más corto.`,
    'picture-unsafe': () => 'Un control en esta máquina cree que no todos deben ver esa imagen. Prueba con otra.',
    'clip-unsafe': () => 'Un control en esta máquina cree que no todos deben ver el clip. No se muestra.',
    'blocked-user': () => 'Quienes llevan este bot no te dejan pedir clips.',
    'blocked-guild': () => 'Quienes llevan este bot no dejan que este servidor pida clips.',
    'place-channel': ({ places, more }) => `Los clips se pueden pedir en: ${places}${andMore(more)}.`,
    'place-role': ({ roles, more }) => `Quiénes pueden pedir clips aquí: ${roles}${andMore(more)}.`,
    'place-age': () => 'En este servidor los clips solo se pueden pedir en canales con restricción de edad.',
    'managers-only': () => 'Esto es para quienes pueden gestionar el servidor.',
    'operators-only': () => 'Esto es para quien posee el bot.',
    'block-target': () => 'Nombra o una persona o el id de un servidor.',
    'preset-unknown': ({ name }) => `No hay ninguna receta \`${name}\`.`,
    'wait-too-long': ({ minutes }) =>
      `La cola es demasiado larga para este lugar: tardaría unos ${minutes} minutos, y donde no soy miembro solo puedo responder durante 15. Pídelo en un servidor donde yo esté, o inténtalo más tarde.`,
    'no-picture-there': () => 'No hay ninguna imagen en ese mensaje ni en el que responde.',
    'clip-expired': () => 'Las imágenes de ese clip ya no se guardan. Usa `/animate` con la imagen otra vez.',
    'picture-forgotten': () =>
      'Quien envió la imagen de ese clip la ha hecho borrar. Usa `/animate` con una imagen tuya.',
    'already-smooth': () => 'Ese clip ya tiene su velocidad más alta.',
    'no-settings-there': () => 'Ese mensaje no tiene ningún clip mío, o el archivo ha perdido sus ajustes.',
    'number-needed': ({ option }) => `\`${option}\` debe ser un número entero.`,
    'list-full': ({ limit }) =>
      `Una lista admite hasta ${limit} entradas. Quita antes una con \`/kinora-config disallow\`.`,
    'too-often': ({ moment }) => `Vas muy rápido. Puedes volver a hacerlo ${moment}.`,
  },
};

function andMore(count: string | number | undefined): string {
  return typeof count === 'number' && count > 0 ? ` y ${count} más` : '';
}
