// The line that shows the progress of long work.
#include "plugin_loader.hpp"

#include "report/progress.hpp"

using spar::host::progress_line;
using spar::host::ProgressState;

TEST_CASE("the line fits, and the least important parts are dropped first") {
    const ProgressState state{"epoch 3/10", "", "examples", 60000, 15000, 0, 10};
    CHECK(progress_line(state, 79) ==
          "epoch 3/10 [######..................]  25 %  1500 examples/s  0:30 left");
    CHECK(progress_line(state, 60) == "epoch 3/10 [######..................]  25 %  0:30 left");
    CHECK(progress_line(state, 49) == "epoch 3/10 [###.........]  25 %  0:30 left");
    CHECK(progress_line(state, 30) == "epoch 3/10  25 %  0:30 left");
    CHECK(progress_line(state, 16) == "epoch 3/10  25 %");
    for (std::size_t room = 0; room < 100; ++room) CHECK(progress_line(state, room).size() <= room);
}

TEST_CASE("what an earlier run did does not count for the speed") {
    const ProgressState state{"epoch 3/10", "", "examples", 60000, 31000, 30000, 10};
    CHECK(progress_line(state, 79) ==
          "epoch 3/10 [############............]  51 %  100 examples/s  4:50 left");
    const ProgressState waiting{"pgd", "", "examples", 1000, 500, 0, 10, 4};
    CHECK(progress_line(waiting, 79) ==
          "pgd [############............]  50 %  50 examples/s  0:06 left");
    const ProgressState begun{"epoch 3/10", "", "examples", 60000, 30000, 30000, 0};
    CHECK(progress_line(begun, 79) == "epoch 3/10 [############............]  50 %");
}

TEST_CASE("the stage of an attack follows its name") {
    const ProgressState state{"auto_attack", "fab", "examples", 100, 0, 0, 5};
    CHECK(progress_line(state, 79) == "auto_attack: fab [........................]   0 %");
}
