package command

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// group is the job object of a command. The system ends all processes of a job when its
// last handle is closed, and ours is the only one.
type group struct {
	job windows.Handle
	pid uint32 // of the command, which is also its console process group
}

// newGroup returns a group without a command.
func newGroup() (*group, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return nil, err
	}
	var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err != nil {
		_ = windows.CloseHandle(job)
		return nil, err
	}
	return &group{job: job}, nil
}

// prepare has a command start suspended, so that it can be added before it does
// anything.
func (g *group) prepare(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.CreationFlags |= windows.CREATE_SUSPENDED | windows.CREATE_NEW_PROCESS_GROUP
}

// add puts a command into the job and lets it run.
func (g *group) add(p *os.Process) error {
	g.pid = uint32(p.Pid)
	var failed error
	err := p.WithHandle(func(handle uintptr) {
		if failed = windows.AssignProcessToJobObject(g.job, windows.Handle(handle)); failed != nil {
			return
		}
		// os/exec does not give the handle of the thread that ResumeThread wants.
		resume := windows.NewLazySystemDLL("ntdll.dll").NewProc("NtResumeProcess")
		if failed = resume.Find(); failed != nil {
			return
		}
		if status, _, _ := resume.Call(handle); int32(status) < 0 {
			failed = windows.NTStatus(status)
		}
	})
	if err != nil {
		return err
	}
	return failed
}

// interrupt asks the command to end; one that has no console of ours is killed.
func (g *group) interrupt() {
	if windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, g.pid) != nil {
		g.kill()
	}
}

// alive reports whether the job has processes.
func (g *group) alive() bool {
	var info struct { // JOBOBJECT_BASIC_ACCOUNTING_INFORMATION
		totalUserTime, totalKernelTime, periodUserTime, periodKernelTime int64
		pageFaults, processes, active, terminated                        uint32
	}
	err := windows.QueryInformationJobObject(g.job, windows.JobObjectBasicAccountingInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)), nil)
	return err == nil && info.active > 0
}

// kill ends all processes of the job.
func (g *group) kill() { _ = windows.TerminateJobObject(g.job, 1) }

// close kills the job.
func (g *group) close() {
	g.kill()
	_ = windows.CloseHandle(g.job)
}

// shellCommand returns a shell that runs a text. cmd gets it as it is: it does not
// understand the escapes of an argument vector.
func shellCommand(text string) *exec.Cmd {
	cmd := exec.Command("cmd.exe")
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd.exe /D /S /C "` + text + `"`}
	return cmd
}

// shellReference returns what stands for a parameter in cmd's text: its value, and an
// error if cmd could take it for anything else.
func shellReference(name, value string, q quotes) (string, error) {
	for _, r := range value {
		plain := r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		if !plain && !strings.ContainsRune(` ._+,:/\-@`, r) {
			return "", fmt.Errorf("cmd cannot be given the value %q of %q safely: run the program without a shell", value, name)
		}
	}
	if q == doubleQuoted || !strings.ContainsAny(value, " ,") {
		return value, nil
	}
	return `"` + value + `"`, nil
}
