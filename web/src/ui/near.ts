/** For `{@attach near(callback)}`: calls back whenever the element comes near the window, or leaves it. */
export function near(
  callback: (isNear: boolean) => void,
  rootMargin = '200px',
): (element: Element) => () => void {
  return (element) => {
    const observer = new IntersectionObserver((entries) => callback(entries.at(-1)!.isIntersecting), {
      rootMargin,
    });
    observer.observe(element);
    return () => observer.disconnect();
  };
}

/** For `{@attach seen(callback)}`: calls back once, when the element comes near the window. */
export function seen(callback: () => void, rootMargin?: string): (element: Element) => () => void {
  return (element) => {
    const stop = near((isNear) => {
      if (!isNear) return;
      stop();
      callback();
    }, rootMargin)(element);
    return stop;
  };
}
