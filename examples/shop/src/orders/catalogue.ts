// What the shop sells. Prices are euro cents; markets.ts turns them into local ones.

export type Category = "tea" | "coffee" | "books" | "ceramics" | "equipment";

export type CatalogueItem = {
  readonly sku: string;
  readonly title: string;
  readonly category: Category;
  readonly euroMinor: number;
  readonly stock: number;
};

const item = (
  sku: string,
  title: string,
  category: Category,
  euroMinor: number,
  stock: number,
): CatalogueItem => ({ sku, title, category, euroMinor, stock });

export const catalogue: readonly CatalogueItem[] = [
  item("tea-assam-250", "Assam second flush, 250 g", "tea", 1290, 900),
  item("tea-darjeeling-100", "Darjeeling first flush, 100 g", "tea", 1450, 700),
  item("tea-sencha-100", "Sencha, 100 g", "tea", 1190, 700),
  item("tea-oolong-100", "Milk oolong, 100 g", "tea", 1390, 500),
  item("tea-earlgrey-250", "Earl Grey, 250 g", "tea", 1090, 900),
  item("tea-rooibos-250", "Rooibos, 250 g", "tea", 790, 800),
  item("coffee-yirgacheffe-500", "Yirgacheffe, whole beans, 500 g", "coffee", 1690, 800),
  item("coffee-huila-500", "Huila, whole beans, 500 g", "coffee", 1490, 800),
  item("coffee-espresso-1000", "House espresso, whole beans, 1 kg", "coffee", 2290, 900),
  item("coffee-decaf-500", "Decaf, ground, 500 g", "coffee", 1390, 400),
  item("coffee-sumatra-500", "Sumatra, ground, 500 g", "coffee", 1590, 400),
  item("book-tea-atlas", "The Tea Atlas", "books", 3900, 250),
  item("book-espresso-basics", "Espresso Basics", "books", 2450, 250),
  item("book-roasting", "Roasting at Home", "books", 2900, 200),
  item("cup-porcelain-2", "Porcelain cups, set of two", "ceramics", 2400, 300),
  item("cup-espresso-4", "Espresso cups, set of four", "ceramics", 3200, 300),
  item("pot-kyusu-360", "Kyusu teapot, 360 ml", "ceramics", 5900, 150),
  item("pot-glass-900", "Glass teapot, 900 ml", "ceramics", 3450, 200),
  item("bowl-matcha", "Matcha bowl", "ceramics", 2850, 200),
  item("kettle-gooseneck", "Gooseneck kettle, 1 l", "equipment", 7900, 150),
  item("grinder-hand", "Hand grinder", "equipment", 11900, 120),
  item("grinder-electric", "Electric grinder", "equipment", 24900, 80),
  item("scale-brew", "Brew scale with timer", "equipment", 4900, 150),
  item("machine-espresso", "Espresso machine, dual boiler", "equipment", 129900, 60),
];
