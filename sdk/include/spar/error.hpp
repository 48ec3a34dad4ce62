// Errors on the C++ side of the contract: exceptions inside a plugin, spar_error at its edge.
#pragma once

#include <spar/abi.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

namespace SPAR_HIDDEN spar {

/// What a component throws when it cannot go on. `pointer` is a JSON pointer to the parameter at
/// fault inside the component's own node ("/steps"), empty if there is none.
class Error : public std::runtime_error {
  public:
    Error(spar_status code, const std::string &message, std::string pointer = {})
        : std::runtime_error(message), code_(code), pointer_(std::move(pointer)) {}

    spar_status code() const { return code_; }
    const std::string &pointer() const { return pointer_; }

  private:
    spar_status code_;
    std::string pointer_;
};

/// A parameter or argument is wrong.
inline Error invalid(const std::string &message, std::string pointer = {}) {
    return {SPAR_E_INVALID, message, std::move(pointer)};
}

/// A file or its content is wrong.
inline Error bad_data(const std::string &message) {
    return {SPAR_E_DATA, message};
}

inline spar_error empty_error() {
    spar_error error{};
    error.struct_size = sizeof error;
    return error;
}

inline void copy_text(char *target, std::size_t capacity, std::string_view text) {
    const std::size_t length = std::min(text.size(), capacity - 1);
    std::copy_n(text.begin(), length, target);
    target[length] = '\0';
}

inline spar_status fill(spar_error *error, spar_status code, std::string_view message,
                        std::string_view pointer = {}) {
    if (error != nullptr) {
        error->code = code;
        copy_text(error->message, sizeof error->message, message);
        copy_text(error->pointer, sizeof error->pointer, pointer);
    }
    return code;
}

/// Runs `work` and turns whatever it throws into a status; every function of a table does this.
template <class Work>
spar_status guarded(spar_error *error, Work &&work) noexcept {
    try {
        work();
        return SPAR_OK;
    } catch (const Error &e) {
        return fill(error, e.code() == SPAR_OK ? SPAR_E_INTERNAL : e.code(), e.what(), e.pointer());
    } catch (const std::bad_alloc &) {
        return fill(error, SPAR_E_MEMORY, "out of memory");
    } catch (const std::exception &e) {
        return fill(error, SPAR_E_INTERNAL, e.what());
    } catch (...) {
        return fill(error, SPAR_E_INTERNAL, "an exception of an unknown type");
    }
}

/// Calls a function of the other side, and throws the error that it fills.
template <class Call>
void checked(Call &&call) {
    spar_error error = empty_error();
    const spar_status status = call(&error);
    if (status == SPAR_OK) return;
    error.message[sizeof error.message - 1] = '\0';
    error.pointer[sizeof error.pointer - 1] = '\0';
    throw Error(status, error.message[0] != '\0' ? error.message : "failed without a message",
                error.pointer);
}

/// The other side's struct as far as both sides know it, the rest zero. An unknown tail must be
/// zero.
template <class Struct>
Struct read_struct(const Struct *theirs) {
    Struct mine{};
    const std::size_t size = theirs->struct_size;
    std::memcpy(&mine, theirs, std::min(size, sizeof mine));
    const auto *bytes = reinterpret_cast<const unsigned char *>(theirs);
    if (std::any_of(bytes + std::min(size, sizeof mine), bytes + size,
                    [](unsigned char byte) { return byte != 0; }))
        throw Error(SPAR_E_UNSUPPORTED, "the caller uses a field that is newer than this side");
    mine.struct_size = sizeof mine;
    return mine;
}

}  // namespace spar
