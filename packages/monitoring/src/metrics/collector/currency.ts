// Currencies of ISO 4217: their codes, and how many digits their minor unit has.
//
// Why a list of our own and not Intl: Intl knows currencies that are long gone, and its digits are those that are customary
// on price tags (no digits for the Iraqi dinar, which has three), while payment systems count in the minor units of
// the standard. Not listed: metals, funds without minor unit, test codes.

/** Currencies by the digits of their minor unit; the two that left last (ANG, BGN) stay for late bookings. */
const BY_DIGITS = [
  { digits: 0, codes: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF" },
  {
    digits: 2,
    codes: "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN",
  },
  {
    digits: 2,
    codes: "BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB",
  },
  {
    digits: 2,
    codes: "EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS",
  },
  {
    digits: 2,
    codes: "KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN",
  },
  {
    digits: 2,
    codes: "MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD",
  },
  {
    digits: 2,
    codes: "SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS",
  },
  { digits: 2, codes: "UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG" },
  { digits: 3, codes: "BHD IQD JOD KWD LYD OMR TND" },
  { digits: 4, codes: "CLF UYW" },
] as const;

type Words<Text extends string> = Text extends `${infer Word} ${infer Rest}`
  ? Word | Words<Rest>
  : Text;

/** A currency code of ISO 4217, such as "EUR". */
export type Currency = Words<(typeof BY_DIGITS)[number]["codes"]>;

const minorPerMajor: ReadonlyMap<string, number> = new Map(
  BY_DIGITS.flatMap(({ digits, codes }) =>
    codes.split(" ").map((code): [string, number] => [code, 10 ** digits]),
  ),
);

/**
 * How many minor units make one of a currency: 100 for "EUR", 1 for "JPY".
 *
 * @returns undefined for what is no currency code
 */
export function minorUnitsOf(currency: unknown): number | undefined {
  return minorPerMajor.get(currency as string);
}
