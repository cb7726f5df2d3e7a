import type { AnimateMessages } from './clip-messages.ts';

/** Spanish, of `/animate`. */
export const esAnimate: AnimateMessages = {
  description: 'Convierte una imagen fija en un vídeo corto',
  options: {
    image: { name: 'imagen', description: 'La imagen: JPEG, PNG, WebP, GIF o AVIF' },
    end: {
      name: 'final',
      description: 'Una segunda imagen: el clip acaba como ella; tarda el doble y cuenta como dos clips',
    },
    preset: { name: 'preajuste', description: 'Calidad y rapidez de una vez; lo que elijas aparte tiene prioridad' },
    motion: { name: 'movimiento', description: 'Cuánto se mueve: elige un nombre o escribe un número de 1 a 255' },
    seed: {
      name: 'semilla',
      description: 'La misma semilla y ajustes dan el mismo clip; si la dejas vacía, será aleatoria',
    },
    steps: { name: 'pasos', description: 'Con más pasos se ve mejor y tarda más' },
    fps: { name: 'fps', description: 'Fotogramas por segundo' },
    length: { name: 'duración', description: 'Número de fotogramas' },
    shape: { name: 'forma', description: 'Forma del clip (por defecto, la de la imagen)' },
    fit: { name: 'ajuste', description: 'Cómo se adapta la imagen a esa forma' },
    style: { name: 'estilo', description: 'Redibuja la imagen con un estilo antes de animarla' },
    loop: { name: 'bucle', description: 'Cómo se repite el clip sin saltos' },
    smooth: { name: 'suave', description: 'Añade fotogramas intermedios, hasta 24 por segundo' },
    upscale: { name: 'ampliar', description: 'Agranda el clip con una red neuronal; tarda más' },
    upscaler: { name: 'ampliador', description: 'Con qué se entrenó la red que amplía (por defecto, foto)' },
    format: {
      name: 'formato',
      description: 'Tipo de archivo (auto: los bucles son WebP y se mueven solos; si no, MP4)',
    },
    variations: {
      name: 'variantes',
      description: 'Vista previa de 2 a 4 semillas para elegir: 0,4 del tiempo de un clip cada una, y 0,6 por elección',
    },
    private: { name: 'privado', description: 'Solo tú ves el clip' },
  },
  choices: {
    preset: {
      notebook: 'notebook: 60 pasos, 512×512, como el ejemplo de diffusers',
      quality: 'calidad: 25 pasos',
      fast: 'rápido: 10 pasos',
      draft: 'borrador: 6 pasos, a mitad de tamaño',
      'animate-lcm': 'AnimateLCM: 4 pasos, necesita sus propios pesos',
    },
    motion: { subtle: 'sutil', normal: 'normal', strong: 'fuerte', wild: 'salvaje' },
    shape: {
      auto: 'igual que la imagen',
      landscape: 'apaisado',
      portrait: 'vertical',
      square: 'cuadrado',
    },
    fit: {
      crop: 'recortar: llena y corta los bordes',
      pad: 'rellenar: muestra todo con bandas',
      stretch: 'estirar: deforma',
    },
    loop: {
      none: 'sin bucle',
      'ping-pong': 'ida y vuelta',
      crossfade: 'fundido: el final se funde con el principio',
      seamless: 'perfecto: acaba como empieza; tarda el doble',
    },
    upscale: { 2: '2× de ancho y alto', 4: '4× de ancho y alto' },
    upscaler: { photo: 'foto', drawing: 'dibujo: anime, cómics, logos' },
    format: {
      auto: 'auto: WebP en bucles, que se mueve solo; si no, MP4',
      mp4: 'vídeo MP4: el más pequeño; hay que darle al play y no se repite',
      gif: 'GIF animado: se mueve solo, ocupa mucho, 256 colores',
      webp: 'WebP animado: se mueve solo',
    },
  },
};
