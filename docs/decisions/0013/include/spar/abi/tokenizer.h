/* A tokenizer: texts to tokens and back. The pipeline names one for all of its data, the host owns
   it, and its state (`save` of spar_component: the vocabulary) travels with the weights. */
#ifndef SPAR_ABI_TOKENIZER_H
#define SPAR_ABI_TOKENIZER_H

#include "base.h"

/* Valid until `learn` or `load`. */
typedef struct spar_tokenizer_info {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t vocabulary; /* tokens are in [0, vocabulary) */
    int64_t padding;    /* the token that fills rows */
    int64_t unknown;    /* the token of what it does not know; -1: there is none */
    const char *hash;   /* of everything that `encode` depends on, 64 hexadecimal digits: equal
                           hashes, equal tokens for every text */
} spar_tokenizer_info;

/* The training texts, for `learn`. */
typedef struct spar_texts {
    uint32_t struct_size;
    uint32_t reserved;
    void *handle;
    int64_t count;
    /* Text `index`, valid until the next call. */
    spar_status (*text)(void *handle, int64_t index, const char **text, spar_error *error);
} spar_texts;

/* A text's tokens. Arrays are the caller's, `room` long, null where unwanted. */
typedef struct spar_encoding {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t room;
    int64_t *tokens;
    int32_t *words; /* out: the word of each token, as `words` counts them; -1 for none, as [CLS] */
    int64_t length; /* out: tokens written */
    int64_t whole;  /* out: tokens of the whole text; more than length when it was cut */
} spar_encoding;

/* Bytes [begins[i], ends[i]) of the text are word i; in order, and apart. */
typedef struct spar_words {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t room;    /* of the arrays, which are the caller's */
    int64_t *begins; /* may be null */
    int64_t *ends;   /* may be null */
    int64_t count;   /* out: words of the text; those past room are not written */
} spar_words;

/* Texts are valid UTF-8: the host sees to it. */
typedef struct spar_tokenizer_table {
    uint32_t struct_size;
    uint32_t reserved;
    /* [exclusive] SPAR_E_UNSUPPORTED while there is nothing learnt or loaded. */
    spar_status (*info)(void *self, spar_tokenizer_info *info, spar_error *error);
    /* [optional] [exclusive] Makes the vocabulary, once, before anything is encoded; the order of
       texts is that of the training set. Not called where one is loaded. */
    spar_status (*learn)(void *self, const spar_texts *texts, spar_error *error);
    /* [thread-safe] A text that is too long is cut, but not in front of its last separators. */
    spar_status (*encode)(void *self, const char *text, spar_encoding *encoding, spar_error *error);
    /* [thread-safe] The words of a text, which neither the vocabulary nor a cut changes: an
       attack's budget counts them, and compares them byte by byte. Every byte but white space and
       separators is in exactly one word; a punctuation mark may be one. */
    spar_status (*words)(void *self, const char *text, spar_words *words, spar_error *error);
    /* [thread-safe] The tokens' text, without padding and tokens that stand for no text. `size` in:
       bytes at `text`; out: bytes needed, with the zero at the end. Cut where there are too few;
       text may be null. `encode` of it may give other tokens. */
    spar_status (*decode)(void *self, const int64_t *tokens, int64_t count, char *text,
                          int64_t *size, spar_error *error);
    /* [thread-safe] A token as the vocabulary writes it ("##ing"), valid until `learn` or `load`;
       null where there is none. */
    const char *(*token)(void *self, int64_t token);
    /* [thread-safe] The text of a token that by itself is a whole word, as an attack may put it in
       another's place; null for every other token. Valid as `token`. */
    const char *(*word)(void *self, int64_t token);
} spar_tokenizer_table;

SPAR_ASSERT_LAYOUT(sizeof(spar_tokenizer_info) == 40);
SPAR_ASSERT_LAYOUT(sizeof(spar_texts) == 32);
SPAR_ASSERT_LAYOUT(sizeof(spar_encoding) == 48);
SPAR_ASSERT_LAYOUT(sizeof(spar_words) == 40);
SPAR_ASSERT_LAYOUT(sizeof(spar_tokenizer_table) == 64);

#endif
