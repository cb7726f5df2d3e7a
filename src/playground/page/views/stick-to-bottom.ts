/** So near to the end counts as being there, in pixels. */
const nearPx = 60;

/** For lit's `ref`: keeps a scrolling element at its end while the person is there, whatever grows in it. */
export function stickToBottom(element?: Element): void {
  if (!(element instanceof HTMLElement)) return;
  let isAtEnd = true;
  const settle = () => {
    if (isAtEnd) element.scrollTop = element.scrollHeight;
  };
  element.addEventListener('scroll', () => {
    isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < nearPx;
  });
  const observer = new ResizeObserver(settle);
  observer.observe(element);
  for (const child of element.children) observer.observe(child);
}
