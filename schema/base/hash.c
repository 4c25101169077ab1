/* hash: SHA-256 for contents and signatures, SipHash for keyed decisions. */
#include "schema/base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

static void require(int ok, const char *what)
{
    if (ok == 1)
        return;
    fprintf(stderr, "assay: OpenSSL cannot %s\n", what);
    abort();
}

void hash_sha256(struct str data, uint8_t out[SHA256_BYTES])
{
    require(EVP_Digest(data.size ? data.data : "", data.size, out, NULL, EVP_sha256(), NULL),
            "compute SHA-256");
}

void hash_hmac_sha256(struct str key, struct str data, uint8_t out[SHA256_BYTES])
{
    unsigned int size = SHA256_BYTES;
    require(HMAC(EVP_sha256(), key.size ? key.data : "", (int)key.size,
                 (const unsigned char *)(data.size ? data.data : ""), data.size, out,
                 &size) != NULL,
            "compute HMAC");
}

void hash_hex(const uint8_t *bytes, size_t size, char *out)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digit[bytes[i] >> 4];
        out[2 * i + 1] = digit[bytes[i] & 15];
    }
    out[2 * size] = '\0';
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "SipHash here reads little-endian words");

static uint64_t load_le64(const uint8_t *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof value);
    return value; /* hosts are little-endian (asserted above) */
}

static uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

uint64_t hash_sip(const uint8_t key[SIPHASH_KEY_BYTES], struct str data)
{
    const uint64_t k0 = load_le64(key), k1 = load_le64(key + 8);
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
                     k1 ^ 0x7465646279746573u};
    const uint8_t *p = (const uint8_t *)data.data;
    size_t whole = data.size / 8 * 8;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t m = load_le64(p + i);
        v[3] ^= m;
        sip_round(v);
        sip_round(v);
        v[0] ^= m;
    }
    uint64_t last = (uint64_t)data.size << 56;
    for (size_t i = whole; i < data.size; i++)
        last |= (uint64_t)p[i] << (8 * (i - whole));
    v[3] ^= last;
    sip_round(v);
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void hash_random(uint8_t *out, size_t size)
{
    require(RAND_bytes(out, (int)size), "make random bytes");
}
