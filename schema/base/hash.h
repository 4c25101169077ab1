/* hash: SHA-256 for contents and signatures, SipHash for keyed decisions. */
#ifndef ASSAY_BASE_HASH_H
#define ASSAY_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include "schema/base/str.h"

enum { SHA256_BYTES = 32, SHA256_HEX_BYTES = 65, SIPHASH_KEY_BYTES = 16 };

void hash_sha256(struct str data, uint8_t out[SHA256_BYTES]);
void hash_hmac_sha256(struct str key, struct str data, uint8_t out[SHA256_BYTES]);
/* Lower-case hex of `size` bytes and a NUL: `out` has room for 2 * size + 1. */
void hash_hex(const uint8_t *bytes, size_t size, char *out);
/* SipHash-2-4 (Aumasson and Bernstein 2012), 64 bits. */
uint64_t hash_sip(const uint8_t key[SIPHASH_KEY_BYTES], struct str data);
/* Unpredictable bytes from the operating system. */
void hash_random(uint8_t *out, size_t size);

#endif
