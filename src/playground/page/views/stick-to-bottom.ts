/** So near to the end counts as being there, in pixels. */
const nearPx = 60;

/** For lit's `ref`: keeps a scrolling element at its end while the person is there, whatever grows in it. */
export function stickToBottom(element?: Element): void {
  if (!(element instanceof HTMLElement)) return;
  let isAtEnd = true;
  let settledSizes = '';
  const sizes = () => `${element.scrollHeight} ${element.clientHeight}`;
  const settle = () => {
    settledSizes = sizes();
    if (isAtEnd) element.scrollTop = element.scrollHeight;
  };
  element.addEventListener('scroll', () => {
    // What grew a moment ago has moved the end away, not the person.
    if (sizes() !== settledSizes) return;
    isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < nearPx;
  });
  const observer = new ResizeObserver(settle);
  observer.observe(element);
  for (const child of element.children) observer.observe(child);
}
