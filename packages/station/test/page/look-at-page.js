// Runs in the browser: what is to be known of a page. An expression, so that it is evaluated as it stands.

(() => {
  const numbers = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  // As WCAG counts it.
  const light = (color) => {
    const [r, g, b] = numbers(color).map((each) => {
      const share = each / 255;
      return share <= 0.039_28 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let each = element; each !== null; each = each.parentElement) {
      const color = getComputedStyle(each).backgroundColor;
      if (numbers(color)[3] !== 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const contrastOf = (element) => {
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const all = [...document.querySelectorAll("*")];
  const texts = all.filter(
    (each) =>
      each.textContent.trim() !== "" &&
      each.matches("a,td,th,p,small,code,button,span,dt,dd,h1,h2"),
  );
  const contrasts = texts.map((each) => [contrastOf(each), `${each.tagName}.${each.className}`]);
  return {
    title: document.title,
    text: document.body.textContent,
    strange: document.querySelectorAll("script,img,iframe,object,embed,style,base").length,
    handlers: all.filter((each) =>
      [...each.attributes].some(({ name }) => name.startsWith("on") || name === "style"),
    ).length,
    tooWide: document.documentElement.scrollWidth - innerWidth,
    background: getComputedStyle(document.body).backgroundColor,
    faintest: contrasts.toSorted(([a], [b]) => a - b)[0] ?? [21, ""],
  };
})();
