import java.util.Random;

/**
 * Text that is hard to cut into words: all scripts, emoji, joiners, apostrophes, numbers, URLs,
 * controls and characters drawn at random, with and without spaces between. The same for the same
 * seed.
 */
final class DifficultText {
  // First and last code point of what a word of a script is made of.
  private static final int[][] SCRIPTS = {
      {'a', 'z'}, {'A', 'z'}, {0xC0, 0x24F}, {0x1E00, 0x1EFF}, {0x370, 0x3FF}, {0x1F00, 0x1FFF},
      {0x400, 0x52F}, {0x531, 0x587}, {0x591, 0x5F4}, {0x600, 0x6FF}, {0x700, 0x74F},
      {0x780, 0x7BF}, {0x7C0, 0x7FF}, {0x900, 0x97F}, {0x980, 0x9FF}, {0xA00, 0xA7F},
      {0xA80, 0xAFF}, {0xB00, 0xB7F}, {0xB80, 0xBFF}, {0xC00, 0xC7F}, {0xC80, 0xCFF},
      {0xD00, 0xD7F}, {0xD80, 0xDFF}, {0xE00, 0xE7F}, {0xE80, 0xEFF}, {0xF00, 0xFFF},
      {0x1000, 0x109F}, {0x10A0, 0x10FF}, {0x1C90, 0x1CBF}, {0x1100, 0x11FF}, {0x1200, 0x137F},
      {0x13A0, 0x13FF}, {0x1400, 0x167F}, {0x1680, 0x16F8}, {0x1780, 0x17FF}, {0x1800, 0x18AA},
      {0x1950, 0x19DF}, {0x1A20, 0x1AAD}, {0x1B00, 0x1B7C}, {0x2C00, 0x2C5F}, {0x2D30, 0x2D7F},
      {0x2E80, 0x2FD5}, {0x3005, 0x303D}, {0x3041, 0x309F}, {0x30A0, 0x30FF}, {0x3105, 0x312F},
      {0x3131, 0x318E}, {0x31F0, 0x31FF}, {0x3200, 0x33FF}, {0x3400, 0x4DB5}, {0x4E00, 0x9FEF},
      {0xA000, 0xA48C}, {0xA960, 0xA97C}, {0xAC00, 0xD7A3}, {0xD7B0, 0xD7FB}, {0xF900, 0xFAD9},
      {0xFB00, 0xFB4F}, {0xFE70, 0xFEFC}, {0xFF01, 0xFF5E}, {0xFF65, 0xFF9F}, {0xFFA0, 0xFFDC},
      {0x10400, 0x1044F}, {0x104B0, 0x104FB}, {0x10A00, 0x10A48}, {0x11000, 0x1104D},
      {0x12000, 0x12399}, {0x16E40, 0x16E9A}, {0x1B000, 0x1B11E}, {0x1D400, 0x1D7FF},
      {0x1E900, 0x1E959}, {0x20000, 0x2A6D6}, {0x2F800, 0x2FA1D}};
  private static final int[] BETWEEN = {' ', ' ', ' ', '.', ',', ':', ';', '\'', '"', '-', '_',
      '/', '@', '#', '*', '+', '\u00a0', '\u00ad', '\u00b7', '\u0387', '\u05f3', '\u05f4',
      '\u066b', '\u066c', '\u200b', '\u200c', '\u200d', '\u2018', '\u2019', '\u2024', '\u2027',
      '\u203f', '\u2040', '\u3000', '\u30fb', '\ufe13', '\ufe0f', '\uff07', '\uff0e', '\uff3f',
      0x300, 0x308, 0x20e3, 0x3099, 0x309a, 0x1f3fb, 0xe0067, 0xe007f, 0xe0100};
  private static final int[] EMOJI = {0x1f600, 0x1f44d, 0x1f468, 0x1f469, 0x1f467, 0x1f3f4,
      0x2764, 0x263a, 0x261d, 0x231a, 0x1f308, 0x1f3f3, 0x1f4bb, 0x2640, 0x1f970, 0x1f9b0, 0xa9,
      0xae, 0x2122, 0x3030, 0x303d, 0x3297, 0x2139, 0x1f004, 0x1f1e9, 0x1f1ea};
  private static final int[] ZEROS = {'0', 0x660, 0x6f0, 0x966, 0xe50, 0xff10, 0x1d7ce, 0x1e950};
  private static final String[] ENGLISH = {"the", "not", "with", "www", "t", "s", "relational",
      "hopping", "skies", "dogs", "generalization", "agreed", "CATS", "O'Neil", "isn't", "geology"};
  private static final String[] POSSESSIVE = {"'s", "'S", "\u2019s", "\uff07s", "s'", "'", "'d"};

  private final Random random;

  DifficultText(long seed) {
    random = new Random(seed);
  }

  String line() {
    StringBuilder line = new StringBuilder();
    int pieces = 2 + random.nextInt(9);
    for (int i = 0; i < pieces; i++) {
      piece(line);
      if (random.nextInt(3) > 0) line.appendCodePoint(pick(BETWEEN));
    }
    return line.toString();
  }

  String piece() {
    StringBuilder piece = new StringBuilder();
    piece(piece);
    return piece.toString();
  }

  private int pick(int[] from) {
    return from[random.nextInt(from.length)];
  }

  private String pick(String[] from) {
    return from[random.nextInt(from.length)];
  }

  private void piece(StringBuilder line) {
    switch (random.nextInt(12)) {
      case 0 -> number(line);
      case 1 -> line.append(pick(ENGLISH)).append(random.nextInt(2) == 0 ? pick(POSSESSIVE) : "");
      case 2 -> emoji(line);
      case 3 -> line.append("https://").append(pick(ENGLISH)).append(".example.org:80/")
          .append(pick(ENGLISH)).append("?q=").append(random.nextInt(1000)).append("&r=%20#top");
      case 4 -> line.append(pick(ENGLISH)).append('.').append(pick(ENGLISH)).append("@example.com");
      case 5 -> anything(line);
      case 6 -> line.appendCodePoint(random.nextInt(3) == 0 ? 0x7f + random.nextInt(0x21)
          : random.nextInt(0x20));
      case 7 -> halfWidth(line);
      case 8 -> {
        if (random.nextInt(40) == 0) repeated(line);
      }
      default -> word(line);
    }
  }

  private void word(StringBuilder line) {
    int[] script = SCRIPTS[random.nextInt(SCRIPTS.length)];
    int length = 1 + random.nextInt(7);
    for (int i = 0; i < length; i++) {
      line.appendCodePoint(script[0] + random.nextInt(script[1] - script[0] + 1));
    }
  }

  private void halfWidth(StringBuilder line) {
    for (int i = 1 + random.nextInt(5); i > 0; i--) {
      line.appendCodePoint(0xff66 + random.nextInt(0x3a));
      if (random.nextInt(2) == 0) line.appendCodePoint(0xff9e + random.nextInt(2));
    }
    if (random.nextInt(3) == 0) line.appendCodePoint(0x30a1 + random.nextInt(0x5e));
  }

  private void number(StringBuilder line) {
    int zero = pick(ZEROS);
    for (int i = random.nextInt(8); i >= 0; i--) {
      line.appendCodePoint(zero + random.nextInt(10));
      if (random.nextInt(4) == 0) line.append(".,:_'-x%".charAt(random.nextInt(8)));
    }
  }

  private void emoji(StringBuilder line) {
    for (int i = random.nextInt(4); i >= 0; i--) {
      line.appendCodePoint(pick(EMOJI));
      switch (random.nextInt(7)) {
        case 0 -> line.append('\ufe0f');
        case 1 -> line.appendCodePoint(0x1f3fb + random.nextInt(5));
        case 2, 3 -> line.append('\u200d');
        case 4 -> line.append("1\ufe0f\u20e3");
        default -> { }
      }
    }
  }

  private void anything(StringBuilder line) {
    for (int i = random.nextInt(4); i >= 0; i--) {
      int c = random.nextInt(3) == 0 ? random.nextInt(0x110000) : random.nextInt(0x10000);
      line.appendCodePoint(c >= 0xd800 && c < 0xe000 ? c - 0x800 : c);
    }
  }

  private void repeated(StringBuilder line) {
    int[] script = SCRIPTS[random.nextInt(SCRIPTS.length)];
    int c = script[0] + random.nextInt(script[1] - script[0] + 1);
    for (int i = 120 + random.nextInt(200); i > 0; i--) line.appendCodePoint(c);
  }
}
