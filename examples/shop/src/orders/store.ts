// Every question orders asks its database, and every change it makes.

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { inTransaction } from "../database/open.ts";
import { ShopError } from "../shop-error.ts";
import type { Order, OrderLine, OrderStatus } from "./messages.ts";
import { indexOrder } from "./search-index.ts";
import type { Customer } from "./seed.ts";

export type StoredProduct = {
  readonly sku: string;
  readonly title: string;
  readonly category: string;
  readonly euroMinor: number;
  readonly stock: number;
};

export type NewOrder = Omit<Order, "status" | "paymentId"> & { readonly idempotencyKey: string };

const orderColumns = `id, customer_id AS customerId, country, channel, status, currency,
  total_minor AS totalMinor, tax_minor AS taxMinor, payment_id AS paymentId, placed_at_ms AS placedAtMs`;

/** Orders, products and customers in one SQLite database. */
export class OrdersStore {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  products(): StoredProduct[] {
    return this.#all(
      "SELECT sku, title, category, euro_minor AS euroMinor, stock FROM products ORDER BY sku",
    ) as StoredProduct[];
  }

  product(sku: string): StoredProduct | undefined {
    return this.#get(
      "SELECT sku, title, category, euro_minor AS euroMinor, stock FROM products WHERE sku = ?",
      sku,
    ) as StoredProduct | undefined;
  }

  customer(id: string): Customer | undefined {
    return this.#get("SELECT id, name, email, country FROM customers WHERE id = ?", id) as
      | Customer
      | undefined;
  }

  order(id: string): Order | undefined {
    return this.#withLines(this.#get(`SELECT ${orderColumns} FROM orders WHERE id = ?`, id));
  }

  orderByKey(idempotencyKey: string): Order | undefined {
    const sql = `SELECT ${orderColumns} FROM orders WHERE idempotency_key = ?`;
    return this.#withLines(this.#get(sql, idempotencyKey));
  }

  /** The latest orders of a customer, newest first. */
  customerOrders(customerId: string, limit: number): Order[] {
    const sql = `SELECT ${orderColumns} FROM orders WHERE customer_id = ? ORDER BY placed_at_ms DESC LIMIT ?`;
    const found = this.#all(sql, customerId, limit) as Order[];
    return found.map((order) => this.#lines(order));
  }

  /** Orders whose customer, country or products contain every word of `text`. */
  search(text: string, limit: number): Order[] {
    const query = (text.match(/[\p{L}\p{N}]+/gu) ?? []).map((word) => `"${word}"`).join(" ");
    if (query === "") return [];
    const sql = `SELECT ${orderColumns} FROM orders WHERE id IN
      (SELECT order_id FROM orders_search WHERE text MATCH ? ORDER BY rowid DESC LIMIT ?)`;
    const found = this.#all(sql, query, limit) as Order[];
    return found.map((order) => this.#lines(order));
  }

  /** Web orders placed since a time, oldest first. */
  *webOrdersSince(sinceMs: number): Generator<Order> {
    const sql = `SELECT ${orderColumns} FROM orders
      WHERE placed_at_ms >= ? AND channel = 'web' ORDER BY placed_at_ms`;
    yield* this.#all(sql, sinceMs) as Order[];
  }

  /** Writes a pending order and takes its goods out of stock; throws `out_of_stock` and changes nothing. */
  insertPending(order: NewOrder): void {
    inTransaction(this.#database, () => {
      for (const line of order.lines) this.#takeFromStock(line);
      this.#insert(order);
      indexOrder(this.#database, order.id);
    });
  }

  setPaid(id: string, paymentId: string): void {
    this.#run("UPDATE orders SET status = 'paid', payment_id = ? WHERE id = ?", paymentId, id);
  }

  /** Ends an order that will not be delivered: its goods go back into stock. */
  close(id: string, status: OrderStatus, paymentId: string): void {
    inTransaction(this.#database, () => {
      this.#run("UPDATE orders SET status = ?, payment_id = ? WHERE id = ?", status, paymentId, id);
      this.#run(
        `UPDATE products SET stock = stock + (SELECT sum(quantity) FROM order_lines l
           WHERE l.order_id = ?1 AND l.sku = products.sku)
         WHERE sku IN (SELECT sku FROM order_lines WHERE order_id = ?1)`,
        id,
      );
    });
  }

  #takeFromStock({ sku, quantity }: OrderLine): void {
    const sql = "UPDATE products SET stock = stock - ?1 WHERE sku = ?2 AND stock >= ?1";
    if (this.#run(sql, quantity, sku) === 1) return;
    throw new ShopError("out_of_stock", `fewer than ${quantity} of ${sku} are left`);
  }

  #insert(order: NewOrder): void {
    this.#run(
      "INSERT INTO orders VALUES (?, ?, ?, ?, 'pending', ?, ?, ?, '', ?, ?)",
      order.id,
      order.customerId,
      order.country,
      order.channel,
      order.currency,
      order.totalMinor,
      order.taxMinor,
      order.idempotencyKey,
      order.placedAtMs,
    );
    for (const { sku, quantity, unitPriceMinor } of order.lines) {
      this.#run(
        "INSERT INTO order_lines VALUES (?, ?, ?, ?)",
        order.id,
        sku,
        quantity,
        unitPriceMinor,
      );
    }
  }

  #withLines(row: unknown): Order | undefined {
    return row === undefined ? undefined : this.#lines(row as Order);
  }

  #lines(order: Order): Order {
    const sql = `SELECT sku, quantity, unit_price_minor AS unitPriceMinor
      FROM order_lines WHERE order_id = ?`;
    return { ...order, lines: this.#all(sql, order.id) as OrderLine[] };
  }

  #get(sql: string, ...values: (string | number)[]): unknown {
    return this.#prepare(sql).get(...values);
  }

  #all(sql: string, ...values: (string | number)[]): unknown[] {
    return this.#prepare(sql).all(...values);
  }

  #run(sql: string, ...values: (string | number)[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
