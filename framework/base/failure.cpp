#include "base/failure.hpp"

#include <cerrno>
#include <filesystem>
#include <new>
#include <system_error>

namespace spar::host {

Exit exit_for_errno(int error) {
    const bool spent = error == ENOMEM || error == EMFILE || error == ENFILE || error == EAGAIN;
    return spent ? Exit::resources : Exit::storage;
}

Failure current_failure() {
    try {
        throw;
    } catch (const Failure &failure) {
        return failure;
    } catch (const std::bad_alloc &) {
        return {Exit::resources, "out of memory"};
    } catch (const std::filesystem::filesystem_error &error) {
        const std::string path = error.path1().string();
        return {exit_for_errno(error.code().value()),
                (path.empty() ? "" : path + ": ") + error.code().message()};
    } catch (const std::system_error &error) {
        return {Exit::resources, std::string("the system refused: ") + error.what()};
    } catch (const std::exception &error) {
        return {Exit::unexpected,
                std::string("unexpected, a fault of Spar itself: ") + error.what()};
    } catch (...) {
        return {Exit::unexpected, "unexpected, a fault of Spar itself: an unknown exception"};
    }
}

}  // namespace spar::host
